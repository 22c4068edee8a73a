"""Amounts are whole microcredits; 10,000 credits are one dollar, as the predecessor's clients know them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

from marketplace.lib.errors import BadInput

MICROCREDITS_PER_CREDIT: Final = 1_000_000
CREDITS_PER_DOLLAR: Final = 10_000


def parse_credits(text: str) -> int:
    """Read an amount of credits as a person writes it; give microcredits, never a fraction of one."""
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        raise BadInput(f"{text[:40]!r} is not an amount of credits.") from None
    microcredits = amount * MICROCREDITS_PER_CREDIT
    if not amount.is_finite() or amount < 0 or microcredits != int(microcredits):
        raise BadInput("An amount of credits is zero or more, with six decimals at most.")
    return int(microcredits)


def format_credits(microcredits: int) -> str:
    """`2500000` → `2.5`."""
    return f"{Decimal(microcredits) / MICROCREDITS_PER_CREDIT:f}"


def in_dollars(microcredits: int) -> Decimal:
    return Decimal(microcredits) / (MICROCREDITS_PER_CREDIT * CREDITS_PER_DOLLAR)
