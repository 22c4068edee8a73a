"""Web apps as they are: every path and method, on an origin of their own for each version."""
