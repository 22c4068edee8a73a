"""Names the storefront's models, nothing more."""
