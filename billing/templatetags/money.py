"""Amounts for people: the one place where micro-units become a sum on a page."""

from __future__ import annotations

from django import template
from django.conf import settings

from marketplace.lib.money import format_dollars

register = template.Library()


@register.filter
def money(micro: int) -> str:
    """`1250000` → `$1.25`; never rounded, a minus in front."""
    sign = "$" if settings.CURRENCY == "usd" else f"{settings.CURRENCY.upper()} "
    text = f"{sign}{format_dollars(abs(micro or 0))}"
    return f"−{text}" if (micro or 0) < 0 else text
