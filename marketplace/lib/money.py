"""Two units, both integers: microcredits for prices, micro-units for what is charged.

Microcredits are what the predecessor's clients know, micro-units millionths of the currency.
10,000 credits are one dollar, so a microcredit is 1e-10 dollars and a micro-unit 10,000 of them.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

from marketplace.lib.errors import BadInput

MICROCREDITS_PER_CREDIT: Final = 1_000_000
CREDITS_PER_DOLLAR: Final = 10_000
MICROCREDITS_PER_MICRO: Final = 10_000
MICRO_PER_DOLLAR: Final = 1_000_000
MOST_CREDITS: Final = 10**12
"""More than is ever meant, and far below what a column of the database holds."""


def parse_credits(text: str) -> int:
    """Read an amount of credits as a person writes it; give microcredits, never a fraction of one."""
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        raise BadInput(f"{text[:40]!r} is not an amount of credits.") from None
    if not amount.is_finite() or not 0 <= amount <= MOST_CREDITS:
        raise BadInput(f"An amount of credits is a number from 0 to {MOST_CREDITS}.")
    microcredits = amount * MICROCREDITS_PER_CREDIT
    if microcredits != int(microcredits):
        raise BadInput("An amount of credits is zero or more, with six decimals at most.")
    return int(microcredits)


def format_credits(microcredits: int) -> str:
    """`2500000` → `2.5`."""
    return f"{Decimal(microcredits) / MICROCREDITS_PER_CREDIT:f}"


def in_dollars(microcredits: int) -> Decimal:
    return Decimal(microcredits) / (MICROCREDITS_PER_CREDIT * CREDITS_PER_DOLLAR)


def parse_dollars(text: str, *, what: str = "The amount") -> int:
    """Read `1.50` as a person writes it; give micro-units, rounded down to a whole one."""
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        raise BadInput(f"{what} is a number of dollars such as 0.25, not {text[:40]!r}.") from None
    if not amount.is_finite() or not 0 <= amount <= 10**9:
        raise BadInput(f"{what} is a number of dollars from 0 to a billion.")
    return int(amount * MICRO_PER_DOLLAR)


def format_dollars(micro: int) -> str:
    """`1250000` → `1.25`; two decimals at least, and never rounded."""
    amount = Decimal(micro) / MICRO_PER_DOLLAR
    text = f"{amount:.6f}".rstrip("0")
    whole, _, cents = text.partition(".")
    return f"{whole}.{cents:0<2}"
