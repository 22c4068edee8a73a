"""Pages about people, keys and organizations."""
