__version__ = "0.6.1"
"""The version of the wire, too: it stands in the manifest."""
