"""From usage to the books: many calls in one journal, each call in one journal only.

Gifts are spent first and pay for the computing first. What a gift or nobody pays of a royalty
earns its author nothing that could be paid out, else a free month and an algorithm of one's
own would make money.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from uuid import UUID

from celery import shared_task
from django.db import connection, transaction

from billing import alerts, bulk, ledger, lots
from billing.ledger import Kind, Leg
from billing.lots import Part, Purse
from billing.models import Account, Journal, Limit, Lot, Usage
from billing.royalties import split
from marketplace.lib.alone import alone, in_turns

BATCH: Final = 500
BATCH_IN_FILE: Final = 100
"""SQLite has one writer at a time, and calls may wait for it."""

_MOST_BATCHES: Final = 200


@shared_task(name="billing.settlement.settle")
@alone
def settle() -> int:
    """Book what has been used until now; give how many calls that were."""
    full = BATCH_IN_FILE if connection.vendor == "sqlite" else BATCH
    return in_turns(partial(settle_batch, full), full=full, most=_MOST_BATCHES)


@transaction.atomic
def settle_batch(most: int = BATCH) -> int:
    """Book up to so many calls in one journal. Several processes may do it at the same time."""
    usages = list(_due(most))
    if not usages:
        return 0
    limits = _locked(usages)
    payable = _release(usages, limits)
    purses = lots.purses({one.payer_id for one in usages})
    bookings = [_book(one, payable[one.pk], purses.get(one.payer_id)) for one in usages]
    journal = ledger.post_journal(
        f"batch:{usages[0].pk}",
        "calls",
        _legs(bookings),
        effective_at=max(one.at for one in usages),
        meta={"calls": len(usages)},
    )
    touched = [lot for purse in purses.values() for lot in purse.touched]
    bulk.put(Lot, {lot.pk: (lot.remaining,) for lot in touched}, "remaining")
    _mark(bookings, journal)
    alerts.look(limits.values())
    return len(usages)


@dataclass(slots=True)
class Booking:
    """How one call is paid, and who earns by it."""

    usage: Usage
    parts: list[Part] = field(default_factory=list)
    owed: int = 0  # by a customer who pays later
    lost: int = 0
    promo: int = 0
    author_share: int = 0


def _due(most: int) -> Iterable[Usage]:
    rows = Usage.objects.filter(settled_in__isnull=True, total__gt=0)
    skip = connection.features.has_select_for_update_skip_locked
    return rows.select_for_update(skip_locked=skip, of=("self",)).order_by("at", "pk")[:most]


def _locked(usages: Sequence[Usage]) -> dict[int, Limit]:
    """Every limit these calls are charged to, locked by ascending id."""
    payers = {one.payer_id for one in usages}
    wallets = Limit.objects.filter(kind=Limit.Kind.WALLET, owner_id__in=payers)
    ids = {pk for one in usages for pk in one.limit_ids} | set(wallets.values_list("pk", flat=True))
    rows = Limit.objects.filter(pk__in=ids).select_for_update().order_by("pk")
    return {limit.pk: limit for limit in rows}


def _release(usages: Sequence[Usage], limits: dict[int, Limit]) -> dict[UUID, int]:
    """End what the limits have set aside for these calls; give what of each can be paid.

    All of it, but for calls whose process was believed to be dead: their payer may have
    spent the money meanwhile, and then they pay what they have.
    """
    before = {pk: (limit.held, limit.spent) for pk, limit in limits.items()}
    wallets = {one.owner_id: one for one in limits.values() if one.kind == Limit.Kind.WALLET}
    to_pay: dict[UUID, int] = defaultdict(int)
    for one in usages:
        charged = [limits[pk] for pk in one.limit_ids if pk in limits]
        for limit in charged:
            if one.is_held:
                limit.held -= one.total
            if limit.kind != Limit.Kind.WALLET:
                limit.spent += one.total if one.is_held else min(one.total, limit.available)
        to_pay[one.payer_id] += one.total if one.is_held else 0
    payable: dict[UUID, int] = {}
    for one in usages:
        payable[one.pk] = one.total
        if not one.is_held:
            wallet = wallets.get(one.payer_id)
            free = wallet.available - to_pay[one.payer_id] if wallet is not None else 0
            payable[one.pk] = max(0, min(one.total, free))
            to_pay[one.payer_id] += payable[one.pk]
    changes = {
        pk: (limits[pk].held - held, limits[pk].spent - spent)
        for pk, (held, spent) in before.items()
    }
    bulk.add(Limit, changes, "held", "spent")
    return payable


def _book(usage: Usage, payable: int, purse: Purse | None) -> Booking:
    booking = Booking(usage, lost=usage.total - payable)
    booking.parts = purse.take(payable) if purse is not None else []
    booking.promo = sum(part.amount for part in booking.parts if part.lot.is_promo)
    booking.owed = payable - sum(part.amount for part in booking.parts)
    earning = min(usage.royalty, usage.total - booking.promo - booking.lost)
    booking.author_share, _ = split(earning, share_bps=usage.price["share_bps"])
    return booking


def _legs(bookings: Sequence[Booking]) -> list[Leg]:
    """One leg for each account and lot; what the house earns is what is left of the royalties."""
    sums: dict[tuple[Account.Kind, UUID | None, Lot | None], int] = defaultdict(int)
    for one in bookings:
        usage = one.usage
        for part in one.parts:
            sums[lots.account_of(part.lot), usage.payer_id, part.lot] -= part.amount
        sums[Kind.RECEIVABLE, usage.payer_id, None] -= one.owed
        sums[Kind.BAD_DEBT, None, None] -= one.lost
        sums[Kind.COMPUTE_REVENUE, None, None] += usage.compute
        sums[Kind.AUTHOR_PENDING, usage.author_id, None] += one.author_share
        sums[Kind.PLATFORM_FEE, None, None] += usage.royalty - one.author_share
    sums = {place: amount for place, amount in sums.items() if amount}
    accounts = ledger.accounts((kind, owner_id) for kind, owner_id, _ in sums)
    return [
        Leg(accounts[kind, owner_id], amount, lot) for (kind, owner_id, lot), amount in sums.items()
    ]


def _mark(bookings: Sequence[Booking], journal: Journal) -> None:
    values = {
        one.usage.pk: (journal.pk, one.promo, one.lost, one.owed, one.author_share)
        for one in bookings
    }
    bulk.put(Usage, values, "settled_in_id", "promo", "lost", "owed", "author_share")
