"""Ways to make sandboxes, by name."""
