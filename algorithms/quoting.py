"""What a call would cost and what would be set aside for it, told before it is made."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from algorithms import charging
from algorithms.gateway import may_reach
from algorithms.models import Call
from algorithms.resolving import Target
from billing import leasing, refusals
from billing.models import Limit
from billing.pricing import Price
from billing.till import Who
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import NotSignedIn

SAMPLE: Final = 500
"""Times are those of so many of the latest calls that succeeded."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One limit that the call would draw on; micro-units."""

    kind: str
    name: str
    left: int
    resets_at: datetime | None


@dataclass(frozen=True, slots=True)
class Quote:
    """Prices, times as they have been, and what they come to; micro-units, microseconds."""

    price: Price
    least: int
    reserves: int
    calls: int
    p50_us: int | None
    p95_us: int | None
    p50_cost: int | None
    p95_cost: int | None
    bounds: list[Bound]
    stopped: str
    is_affordable: bool


def quote(target: Target, *, by: Actor, timeout: float, max_cost: int | None) -> Quote:
    """Say what a call by this actor would cost now; nothing is set aside."""
    by.require(may_reach, target)
    if by.owner_id is None:
        raise NotSignedIn("A quote needs an account: it tells what is left of its limits.")
    price = charging.price_of(target, by=by)
    if max_cost is not None and max_cost < price.least:
        raise refusals.cap_too_low(max_cost, price.least, target.path)
    payer = leasing.payers([by.owner_id])[by.owner_id]
    algorithm_id = by.running.root_algorithm_id if by.running else None
    who = Who(by.owner_id, by.key_id, by.user_id, algorithm_id or target.algorithm_id)
    windows = [window.limit_id for window in payer.windows if window.bounds(who)]
    rows = Limit.objects.filter(pk__in=[payer.wallet_id, *windows]).select_related("budget")
    bounds = sorted((_bound(limit) for limit in rows), key=lambda bound: bound.left)
    frozen = next((limit.frozen_because for limit in rows if limit.frozen_because), "")
    stopped = leasing.present_stop() or frozen
    reserves = charging.reserve(price, timeout, max_cost, shares=target.may_call_others)
    times = _times(target)
    p50, p95 = _rank(times, 0.5), _rank(times, 0.95)
    return Quote(
        price=price,
        least=price.least,
        reserves=reserves,
        calls=len(times),
        p50_us=p50,
        p95_us=p95,
        p50_cost=None if p50 is None else price.royalty_micro + price.compute(p50),
        p95_cost=None if p95 is None else price.royalty_micro + price.compute(p95),
        bounds=bounds,
        stopped=stopped,
        is_affordable=not stopped and all(bound.left >= reserves for bound in bounds),
    )


def _bound(limit: Limit) -> Bound:
    name = limit.budget.subject if limit.budget else "the account's credit"
    kind = limit.budget.period if limit.budget else "credit"
    return Bound(kind, name, max(0, limit.available), limit.ends_at)


def _times(target: Target) -> list[int]:
    """How long the latest calls of this version have run."""
    rows = Call.objects.filter(
        algorithm_id=target.algorithm_id,
        build_id=target.build_id,
        result=Call.Result.SUCCEEDED,
    )
    return sorted(rows.order_by("-started_at").values_list("run_us", flat=True)[:SAMPLE])


def _rank(times: list[int], part: float) -> int | None:
    return times[math.ceil(part * len(times)) - 1] if times else None
