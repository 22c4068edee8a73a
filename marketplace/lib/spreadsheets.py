"""Files that people open as spreadsheets."""

from __future__ import annotations

from typing import Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def harmless(text: str) -> str:
    """A cell that is read as text, never as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
