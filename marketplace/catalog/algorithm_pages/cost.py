"""What calls cost, worked out from how long they really took."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from typing import Final

from django.conf import settings

from algorithms.charging import rate_of
from algorithms.models import Call, Version
from billing.amounts import sign
from billing.pricing import Price
from marketplace.lib.money import MICRO_PER_DOLLAR, format_dollars, in_dollars

SAMPLE: Final = 1000
AMOUNTS: Final = (1, 1_000, 100_000)
MOST_CALLS: Final = 100_000_000
_CENT: Final = Decimal("0.01")


@dataclass(frozen=True)
class Observed:
    """How long the newest successful calls computed, in seconds."""

    calls: int
    p50: float
    p95: float


@dataclass(frozen=True)
class Quote:
    """A number of calls at the pace of one of the observed durations, in dollars."""

    calls: int
    seconds: float
    royalty: Decimal
    compute: Decimal

    @property
    def total(self) -> Decimal:
        return self.royalty + self.compute


def price_of(version: Version) -> Price:
    """The price of a call that is admitted now."""
    environment = version.build.environment
    return Price(
        rate=rate_of(environment.rate, is_gpu=environment.is_gpu),
        royalty=version.royalty_microcredits,
        share_bps=settings.AUTHOR_SHARE_BPS,
        minimum_ms=settings.MINIMUM_BILLED_MS,
    )


def observed(version: Version) -> Observed | None:
    """Of this version; nothing before it has been called."""
    rows = Call.objects.filter(version=version, result=Call.Result.SUCCEEDED)
    times = sorted(rows.order_by("-started_at").values_list("run_us", flat=True)[:SAMPLE])
    if not times:
        return None
    return Observed(len(times), _quantile(times, 50), _quantile(times, 95))


def quote(price: Price, calls: int, seconds: float) -> Quote:
    """The price of so many calls that each compute so long, rounded as each is charged."""
    return Quote(
        calls=calls,
        seconds=seconds,
        royalty=_dollars(price.royalty_micro * calls),
        compute=_dollars(price.compute(int(seconds * 1_000_000)) * calls),
    )


def per_second(price: Price) -> Decimal:
    return in_dollars(price.rate)


def calls_in(text: str, default: int = 1000) -> int:
    """A number of calls as somebody typed it."""
    digits = text.replace(",", "").replace(" ", "").replace(".", "")
    if not (digits.isascii() and digits.isdigit()):
        return default
    return max(1, min(int(digits[:12]), MOST_CALLS))


def shown(amount: Decimal) -> str:
    """An amount as people read it: a small one as it is charged, a rate by two figures that count."""
    if amount >= 1:
        return f"{sign()}{amount.quantize(_CENT, ROUND_UP):,}"
    micro = amount * MICRO_PER_DOLLAR
    if micro == int(micro):
        return f"{sign()}{format_dollars(int(micro))}"
    places = -amount.adjusted() + 1
    return f"{sign()}{amount.quantize(Decimal(1).scaleb(-max(places, 2)), ROUND_UP):f}"


def _dollars(micro: int) -> Decimal:
    return Decimal(micro) / MICRO_PER_DOLLAR


def _quantile(times: list[int], percent: int) -> float:
    return times[min(len(times) - 1, len(times) * percent // 100)] / 1e6
