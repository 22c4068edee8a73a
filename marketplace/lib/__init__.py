"""Small tools that know no model; each file is named for what it does."""
