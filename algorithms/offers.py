"""What a price means for its author, worked out before it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.conf import settings

from billing import royalties
from marketplace.lib.money import format_credits, in_dollars

EXAMPLE_CALLS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Offer:
    """A royalty per call, and the author's share of it. Amounts are microcredits."""

    royalty: int

    @property
    def share(self) -> int:
        return royalties.split(self.royalty, share_bps=settings.AUTHOR_SHARE_BPS)[0]

    @property
    def percent(self) -> str:
        return f"{settings.AUTHOR_SHARE_BPS / 100:g}"

    @property
    def price_text(self) -> str:
        return format_credits(self.royalty)

    @property
    def share_text(self) -> str:
        return format_credits(self.share)

    @property
    def example_text(self) -> str:
        """What a thousand calls bring, in credits and dollars."""
        total = self.share * EXAMPLE_CALLS
        return f"{Decimal(format_credits(total)):,f} ($ {in_dollars(total):,.2f})"
