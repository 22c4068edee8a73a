"""How a royalty is split between the author and the house. Pure functions of whole microcredits."""

from __future__ import annotations

from typing import Final

AUTHOR_PERCENT: Final = 70  # the predecessor's published share


def split(royalty: int, *, author_percent: int = AUTHOR_PERCENT) -> tuple[int, int]:
    """Give (author's share, house's share); they always sum to the royalty."""
    author = royalty * author_percent // 100
    return author, royalty - author
