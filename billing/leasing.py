"""What the teller asks of the database: which limits apply, and larger leases on them."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from billing import bulk, grants, ledger, refusals
from billing.models import Budget, Lease, Limit, Spender, SpendStop
from billing.till import SLACK, Asked, Chain, Payer, Slip, Till, Who, Window

_SLACK_CALLS: Final = 16
"""Slack for so many calls like those that asked."""

RECALL_SECONDS: Final = 0.8
"""How long a call near a limit waits for what other processes have to spare."""


def payers(owner_ids: Iterable[UUID]) -> dict[UUID, Payer]:
    """Read what bounds these owners, give who has not had it the free credit of the month."""
    now = timezone.now()
    wanted = sorted(set(owner_ids))
    wallets = {one.owner_id: one for one in _wallets(wanted, now)}
    windows = _windows(wanted, now)
    next_month = (now.replace(day=1) + timedelta(days=32)).replace(
        day=1, hour=0, minute=0, second=0
    )
    until = time.monotonic() + (next_month - now).total_seconds()
    found = {}
    for owner_id in wanted:
        wallet = wallets[owner_id]
        found[owner_id] = Payer(
            owner_id=owner_id,
            wallet_id=wallet.pk,
            until=min([until, *(window.until for window in windows[owner_id])]),
            version=wallet.budgets_version,
            windows=windows[owner_id],
        )
    return found


def chain_of(who: Who, payer: Payer, till: Till, spender: UUID) -> Chain | None:
    """All limits that bound these calls; None if their tree's Max-Cost is not known (any more)."""
    bounding = [window.limit_id for window in payer.windows if window.bounds(who)]
    limit_ids = tuple(sorted([payer.wallet_id, *bounding]))
    leased = limit_ids
    if who.tree is not None:
        tree = Limit.objects.filter(call_id=who.tree, kind=Limit.Kind.TREE, ends_at=None).first()
        if tree is None:
            return None
        limit_ids, leased = (*tree.limit_ids, tree.pk), (tree.pk,)
    slips = tuple(till.slip(limit_id) for limit_id in leased)
    until = min(payer.until, time.monotonic() + settings.CALL_CACHE_SECONDS)
    return Chain(who, payer, slips, limit_ids, spender, until)


def present_stop() -> str:
    """Why nobody can spend anything at the moment, if so."""
    stop = SpendStop.objects.filter(lifted_at__isnull=True).first()
    return f"The operator has stopped all paid calls: {stop.reason}" if stop else ""


def register(spender_id: UUID, host: str) -> None:
    Spender.objects.get_or_create(pk=spender_id, defaults={"host": host})


def is_still_known(spender_id: UUID) -> bool:
    """Say that this process lives; False if it was believed to be dead meanwhile."""
    return bool(Spender.objects.filter(pk=spender_id).update(seen_at=timezone.now()))


@dataclass(slots=True)
class Decision:
    """What became of those who asked."""

    granted: list[tuple[Asked, Chain]] = field(default_factory=list)
    refused: list[tuple[Asked, Exception]] = field(default_factory=list)
    again: list[Asked] = field(default_factory=list)
    outdated: list[Asked] = field(default_factory=list)  # its budgets have changed: look again


def decide(asked: Sequence[tuple[Asked, Chain]], till: Till, spender: UUID) -> Decision:
    """Enlarge the leases for all who ask, in arrival order, in one transaction.

    What the slips have counts as well. It is taken out of them only when the limits are locked,
    so that other calls go on with it while this waits for its turn at the database.
    """
    slips = {slip.limit_id: slip for _, chain in asked for slip in chain.slips}
    own = dict.fromkeys(slips, 0)
    try:
        with transaction.atomic():
            limits = {one.pk: one for one in _locked(slips)}
            with till.lock:
                for pk, slip in slips.items():
                    own[pk], slip.free = slip.free, 0
            for _, chain in asked:
                _look_at_wallet(chain.payer, limits, slips, own)
            left = {pk: _open_to_all(limit) + own[pk] for pk, limit in limits.items()}
            decision = _grant(asked, limits, left, spender)
            taken, slack = _amounts(decision, limits, left, own)
            _enlarge(spender, {pk: taken[pk] + slack[pk] - own[pk] for pk in taken})
    except BaseException:
        with till.lock:
            for pk, slip in slips.items():
                slip.free += own[pk]
        raise
    with till.lock:
        for pk, slip in slips.items():
            slip.out += taken.get(pk, 0)
            slip.free += slack.get(pk, own[pk])
            slip.room = max(0, left.get(pk, 0) - slack.get(pk, own[pk]))
            slip.used_at = time.monotonic()
    return decision


def _grant(
    asked: Sequence[tuple[Asked, Chain]],
    limits: dict[int, Limit],
    left: dict[int, int],
    spender: UUID,
) -> Decision:
    decision = Decision()
    for one, chain in asked:
        ids = chain.leased
        wallet = limits.get(chain.payer.wallet_id)
        if wallet is not None and one.chain is None:
            if wallet.budgets_version != chain.payer.version:
                decision.outdated.append(one)
                continue
            if wallet.frozen_because:
                why = f"This account is frozen: {wallet.frozen_because}"
                decision.refused.append((one, refusals.stopped(why)))
                continue
        short = next((pk for pk in ids if left.get(pk, 0) < one.amount), None)
        if short is not None:
            _put_off(decision, one, limits.get(short), left.get(short, 0), spender)
            continue
        for pk in ids:
            left[pk] -= one.amount
        decision.granted.append((one, chain))
    return decision


def _look_at_wallet(
    payer: Payer, limits: dict[int, Limit], slips: dict[int, Slip], own: dict[int, int]
) -> None:
    """Note the balance, for answers: what is leased and not spent here is still the payer's."""
    wallet = limits.get(payer.wallet_id)
    if wallet is not None:
        ours = own[wallet.pk] + slips[wallet.pk].out
        payer.balance = wallet.ceiling - wallet.credit_limit - wallet.held + ours
        payer.charged = 0


def _amounts(
    decision: Decision, limits: dict[int, Limit], left: dict[int, int], own: dict[int, int]
) -> tuple[dict[int, int], dict[int, int]]:
    """What was taken of each limit, and how much slack to have besides; never less than before."""
    taken: dict[int, int] = defaultdict(int)
    most: dict[int, int] = defaultdict(int)
    for one, chain in decision.granted:
        for pk in chain.leased:
            taken[pk] += one.amount
            most[pk] = max(most[pk], one.amount, one.ahead)
    slack = {
        pk: max(_slack(limits[pk], left[pk], most[pk]), own[pk] - amount)
        for pk, amount in taken.items()
    }
    return dict(taken), slack


def give_back(spender: UUID, amounts: dict[int, int]) -> None:
    """Return what nobody here needs to the limits."""
    if not amounts:
        return
    with transaction.atomic():
        list(_locked(amounts))
        rows = Lease.objects.filter(spender_id=spender, limit_id__in=amounts)
        leases = list(rows.select_for_update().order_by("limit_id"))
        back = {one: min(one.amount, amounts[one.limit_id]) for one in leases}
        bulk.add(Limit, {one.limit_id: (-amount,) for one, amount in back.items()}, "held")
        bulk.add(Lease, {one.pk: (-amount,) for one, amount in back.items()}, "amount")


def recalled(limit_ids: Sequence[int]) -> list[int]:
    """Those of these limits that another process has come near the end of."""
    since = timezone.now() - timedelta(seconds=2 * RECALL_SECONDS)
    rows = Limit.objects.filter(pk__in=limit_ids, recalled_at__gt=since)
    return list(rows.values_list("pk", flat=True))


def _wallets(owner_ids: Sequence[UUID], now: datetime) -> list[Limit]:
    rows = Limit.objects.filter(kind=Limit.Kind.WALLET, owner_id__in=owner_ids)
    found = list(rows)
    fresh = {one.owner_id for one in found if not grants.owes_monthly(one, now)}
    if len(fresh) == len(owner_ids):
        return found
    with transaction.atomic():
        ledger.wallets(owner_ids)
    for owner_id in owner_ids:
        if owner_id not in fresh and settings.FREE_CREDITS_PER_MONTH > 0:
            grants.give_monthly(owner_id, now)
    return list(rows.all())


def _windows(owner_ids: Sequence[UUID], now: datetime) -> dict[UUID, list[Window]]:
    """The present windows of all budgets of these owners, opened if they are not."""
    budgets = list(Budget.objects.in_force().filter(owner_id__in=owner_ids))
    found: dict[UUID, list[Window]] = {owner_id: [] for owner_id in owner_ids}
    if not budgets:
        return found
    rows = Limit.objects.filter(budget__in=budgets, starts_at__lte=now)
    present = {(row.budget_id, row.starts_at): row.pk for row in rows.order_by("pk")}
    for budget in budgets:
        starts_at, ends_at = budget.window(now)
        limit_id = present.get((budget.pk, starts_at))
        if limit_id is None:
            window, _ = Limit.objects.get_or_create(
                budget=budget,
                starts_at=starts_at,
                kind=Limit.Kind.WINDOW,
                defaults={"owner": budget.owner, "ends_at": ends_at, "ceiling": budget.amount},
            )
            limit_id = window.pk
        lasts = float("inf") if ends_at is None else (ends_at - now).total_seconds()
        found[budget.owner_id].append(
            Window(
                limit_id=limit_id,
                key_id=budget.key_id,
                member_id=budget.member_id,
                algorithm_id=budget.algorithm_id,
                is_for_all=budget.scope == Budget.Scope.ACCOUNT,
                until=time.monotonic() + lasts,
            )
        )
    return found


def _locked(limit_ids: Iterable[int]) -> Iterable[Limit]:
    return Limit.objects.filter(pk__in=list(limit_ids)).select_for_update().order_by("pk")


def _open_to_all(limit: Limit) -> int:
    return 0 if limit.kind == Limit.Kind.TREE and limit.ends_at else limit.available


def _put_off(decision: Decision, one: Asked, limit: Limit | None, left: int, spender: UUID) -> None:
    """Refuse, or first let other processes give back what they have to spare."""
    if limit is not None and time.monotonic() < one.deadline:
        others = Lease.objects.filter(limit=limit, amount__gt=0).exclude(spender_id=spender)
        if others.exists():
            Limit.objects.filter(pk=limit.pk).update(recalled_at=timezone.now())
            decision.again.append(one)
            return
    may_ask_less = limit is not None and limit.kind != Limit.Kind.TREE
    refusal = refusals.short_of(limit, left, one.amount, may_ask_less=may_ask_less)
    decision.refused.append((one, refusal))


def _slack(limit: Limit, left: int, need: int) -> int:
    if limit.recalled_at is not None and limit.recalled_at > timezone.now() - timedelta(
        seconds=2 * RECALL_SECONDS
    ):
        return 0
    slack = min(_SLACK_CALLS * need, left // SLACK)
    return slack if slack >= need else 0


def _enlarge(spender: UUID, amounts: dict[int, int]) -> None:
    amounts = {pk: amount for pk, amount in amounts.items() if amount}
    if not amounts:
        return
    bulk.add(Limit, {pk: (amount,) for pk, amount in amounts.items()}, "held")
    quote = connection.ops.quote_name
    table = quote(Lease._meta.db_table)  # noqa: SLF001
    places = ", ".join(["(%s, %s, %s)"] * len(amounts))
    spender_id = spender if connection.features.has_native_uuid_field else spender.hex
    values = [part for pk in sorted(amounts) for part in (spender_id, pk, amounts[pk])]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (spender_id, limit_id, amount) VALUES {places} "  # noqa: S608
            f"ON CONFLICT (spender_id, limit_id) DO UPDATE "
            f"SET amount = {table}.amount + excluded.amount",
            values,
        )
