"""Algorithmia's REST API: its paths, its JSON, our verbs."""
