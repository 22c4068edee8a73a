"""Pages of projects and of their services."""
