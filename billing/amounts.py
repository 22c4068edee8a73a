"""How an amount is written for people: `$1.25` on a page, in a mail and in a notification."""

from __future__ import annotations

from django.conf import settings

from marketplace.lib.money import format_dollars


def written(micro: int) -> str:
    """`1250000` → `$1.25`; never rounded, a minus in front."""
    text = f"{sign()}{format_dollars(abs(micro or 0))}"
    return f"−{text}" if (micro or 0) < 0 else text


def sign() -> str:
    """What stands before an amount of the site's currency."""
    return "$" if settings.CURRENCY == "usd" else f"{settings.CURRENCY.upper()} "
