"""What it costs to keep something running that waits: time without a call, paid by its owner.

Calls are paid by whoever makes them, so their time is none of this. Nobody waits for an answer
here, so the limits are asked in the database, and the usage is written in the same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from billing import bulk, leasing, refusals
from billing.models import Limit, Usage
from billing.pricing import Price
from billing.till import Who
from marketplace.lib.ids import new_id


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept, for whom, and at which rate: what its usage says."""

    owner_id: UUID
    member_id: int | None
    algorithm_id: UUID
    version_id: UUID | None
    path: str
    version: str
    digest: str
    tag: str
    rate: int  # microcredits for a second


def cost(rate: int, milliseconds: int) -> int:
    """In micro-units, rounded up."""
    return _price(rate).compute(milliseconds * 1000)


@transaction.atomic
def charge(kept: Kept, milliseconds: int, *, at: datetime) -> int:
    """Bill some time of waiting until `at`; give what it cost. Raise PaymentRequired if a limit is short."""
    amount = cost(kept.rate, milliseconds)
    if not amount:
        return 0
    limit_ids = _able(kept, amount)
    bulk.add(Limit, dict.fromkeys(limit_ids, (amount,)), "held")
    usage_id = new_id()
    Usage.objects.create(
        call_id=usage_id,
        root_id=usage_id,
        payer_id=kept.owner_id,
        author_id=kept.owner_id,
        algorithm_id=kept.algorithm_id,
        version_id=kept.version_id,
        member_id=kept.member_id,
        tag=kept.tag[:60],
        path=kept.path,
        version=kept.version,
        version_digest=kept.digest,
        outcome=Usage.Outcome.KEPT,
        total_us=milliseconds * 1000,
        billed_ms=milliseconds,
        compute=amount,
        total=amount,
        held=amount,
        price={"rate": kept.rate, "royalty": 0, "share_bps": 0, "minimum_ms": 0},
        limit_ids=limit_ids,
        at=at - timedelta(milliseconds=milliseconds),
    )
    return amount


@transaction.atomic
def check(kept: Kept, milliseconds: int) -> None:
    """Raise PaymentRequired unless so much time could be paid now."""
    amount = cost(kept.rate, milliseconds)
    if amount:
        _able(kept, amount)


def _able(kept: Kept, amount: int) -> list[int]:
    """The limits that bound it, locked; raise PaymentRequired if one has less."""
    stop = leasing.present_stop()
    if stop:
        raise refusals.stopped(stop)
    payer = leasing.payers([kept.owner_id])[kept.owner_id]
    who = Who(kept.owner_id, None, kept.member_id, kept.algorithm_id)
    wanted = [payer.wallet_id, *(one.limit_id for one in payer.windows if one.bounds(who))]
    for limit in Limit.objects.filter(pk__in=wanted).select_for_update().order_by("pk"):
        if limit.frozen_because:
            raise refusals.stopped(f"This account is frozen: {limit.frozen_because}")
        if limit.available < amount:
            raise refusals.short_of(limit, limit.available, amount)
    return sorted(wanted)


def _price(rate: int) -> Price:
    return Price(rate, 0, 0, 0)
