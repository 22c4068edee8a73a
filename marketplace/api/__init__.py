"""REST plumbing shared by all; holds no endpoint of its own."""
