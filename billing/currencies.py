"""Between the books' micro-units and the smallest unit that a card can be charged in."""

from __future__ import annotations

from typing import Final

MICRO_PER_UNIT: Final = 1_000_000
_WITHOUT_CENTS: Final = frozenset(
    {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"}
)  # fmt: skip
_WITH_THREE: Final = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})


def micro_per_minor(currency: str) -> int:
    """What one cent is, or what stands for a cent in that currency."""
    if currency in _WITHOUT_CENTS:
        return MICRO_PER_UNIT
    return MICRO_PER_UNIT // (1000 if currency in _WITH_THREE else 100)


def to_minor(micro: int, currency: str) -> int:
    """Whole cents, rounded down."""
    return micro // micro_per_minor(currency)


def from_minor(minor: int, currency: str) -> int:
    return minor * micro_per_minor(currency)
