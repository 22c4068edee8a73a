"""Stands in for the published `adk`: same names, same behaviour, on every Python.

The published one reads requests from stdin, and cannot report an exception on Python 3.10 and
later (`traceback.format_exception(etype=...)`).
"""

from .ADK import ADK
