"""What callers say about algorithms: reviews, and conversations with their authors."""
