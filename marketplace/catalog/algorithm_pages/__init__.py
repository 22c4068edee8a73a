"""The page of an algorithm: run it, read it, call it from code, see what it costs and how it does."""
