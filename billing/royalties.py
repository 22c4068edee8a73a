"""How a royalty is split between the author and the house. Pure functions of whole amounts."""

from __future__ import annotations

from typing import Final

WHOLE_BPS: Final = 10_000


def split(royalty: int, *, share_bps: int) -> tuple[int, int]:
    """Give (author's share, house's share); they always sum to the royalty."""
    author = royalty * share_bps // WHOLE_BPS
    return author, royalty - author
