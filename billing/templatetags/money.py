"""Amounts for people: the one place where micro-units and microcredits become a sum on a page."""

from __future__ import annotations

from typing import Final

from django import template

from billing import amounts
from marketplace.lib.money import format_credits

register = template.Library()
_MICRO_PER_CENT: Final = 10_000


@register.filter
def money(micro: int) -> str:
    """`1250000` → `$1.25`; never rounded, a minus in front."""
    return amounts.written(micro)


@register.filter
def money_change(micro: int) -> str:
    """With its sign in any case: `+$5.00`, `−$0.50`."""
    return f"+{money(micro)}" if (micro or 0) > 0 else money(micro)


@register.filter
def money_cents(micro: int) -> str:
    """For a large figure, to the cent, rounded down; less than a cent is said exactly."""
    if abs(micro or 0) < _MICRO_PER_CENT:
        return money(micro)
    cents = (micro or 0) // _MICRO_PER_CENT
    return money(cents * _MICRO_PER_CENT)


@register.filter
def price(microcredits: int) -> str:
    """`5000000` → `5 credits`, as prices are named in the API."""
    text = format_credits(microcredits or 0)
    return f"{text} credit" if text == "1" else f"{text} credits"


@register.filter
def part_of(micro: int, whole: int) -> int:
    """In percent, for a bar; more than all of it is all of it."""
    return min(100, 100 * (micro or 0) // whole) if whole else 100
