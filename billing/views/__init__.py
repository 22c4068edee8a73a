"""Pages on which money comes in and goes out, and Stripe's door."""
