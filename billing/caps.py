"""The Max-Cost of a call that may call others: one limit for its whole tree, in every process.

The cap is set aside at once from all limits of the caller. What the tree's calls cost is taken
out of it, wherever they run; when the root has ended, the rest goes back.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from billing import refusals
from billing.models import Limit, Usage
from billing.till import Payer, Who
from marketplace.lib.errors import PaymentRequired

_AT_ONCE: Final = 200


def open_tree(
    who: Who, cap: int, payer: Payer, spender: UUID, *, within: UUID | None = None
) -> PaymentRequired | None:
    """Set a tree's Max-Cost aside; give the refusal if a limit does not have it.

    A tree that is part of another one, `within`, has it out of that one's Max-Cost, which has
    been set aside from all others already.
    """
    windows = [window.limit_id for window in payer.windows if window.bounds(who)]
    limit_ids = sorted([payer.wallet_id, *windows])
    with transaction.atomic():
        outer = None
        if within is not None:
            outer = _open(within)
            if outer is None:
                return refusals.cap_unknown("an algorithm")
            limit_ids = [*outer.limit_ids, outer.pk]
        holders = limit_ids if outer is None else [outer.pk]
        limits = list(Limit.objects.filter(pk__in=holders).select_for_update().order_by("pk"))
        if outer is not None and any(limit.ends_at for limit in limits):
            return refusals.cap_unknown("an algorithm")
        for limit in limits if cap else []:
            if limit.frozen_because:
                return refusals.stopped(f"This account is frozen: {limit.frozen_because}")
            if limit.available < cap:
                return refusals.short_of(limit, limit.available, cap)
        Limit.objects.filter(pk__in=holders).update(held=F("held") + cap)
        Limit.objects.create(
            kind=Limit.Kind.TREE,
            owner_id=who.owner_id,
            call_id=who.tree,
            limit_ids=limit_ids,
            within=outer,
            spender_id=spender,
            ceiling=cap,
        )
    return None


def _open(call_id: UUID) -> Limit | None:
    return Limit.objects.filter(kind=Limit.Kind.TREE, call_id=call_id, ends_at=None).first()


def close(root_id: UUID) -> None:
    """Nothing more can be charged to the tree; what is not held by its calls goes back."""
    Limit.objects.filter(kind=Limit.Kind.TREE, call_id=root_id, ends_at=None).update(
        ends_at=timezone.now()
    )
    trees = Limit.objects.filter(kind=Limit.Kind.TREE, call_id=root_id)
    _release(list(trees.values_list("pk", flat=True)))


class Spent(NamedTuple):
    """What the calls of a tree have cost, and those that are not recorded yet can cost."""

    most: int
    is_final: bool


def spent(root_id: UUID) -> Spent:
    """What a tree that is a root's own has come to. Once it is closed this only falls."""
    tree = Limit.objects.filter(kind=Limit.Kind.TREE, call_id=root_id).first()
    if tree is None:
        rows = Usage.objects.filter(root_id=root_id)
        return Spent(rows.aggregate(total=Sum("total"))["total"] or 0, is_final=True)
    if tree.ends_at is None:
        return Spent(tree.ceiling, is_final=False)
    return Spent(tree.spent + tree.held, is_final=not tree.held)


def close_those_of(spender: UUID) -> None:
    """Close the trees whose root ran in a process that is gone."""
    trees = Limit.objects.filter(kind=Limit.Kind.TREE, spender_id=spender, ends_at=None)
    for root_id in list(trees.values_list("call_id", flat=True)):
        if root_id is not None:
            close(root_id)


def tidy() -> int:
    """Give back what calls have released since their tree was closed, and forget empty trees.

    From the inside: one that others are a part of has its turn when they are gone.
    """
    closed = Limit.objects.filter(kind=Limit.Kind.TREE, ends_at__isnull=False).order_by("pk")
    larger = Limit.objects.filter(within__isnull=False).values("within")
    ids = list(closed.exclude(pk__in=larger).values_list("pk", flat=True)[:_AT_ONCE])
    _release(ids)
    return len(ids)


def _release(tree_ids: Iterable[int]) -> None:
    for tree_id in tree_ids:
        with transaction.atomic():
            holders = Limit.objects.get(pk=tree_id).holder_ids
            rows = Limit.objects.filter(pk__in=[*holders, tree_id])
            locked = {row.pk: row for row in rows.select_for_update().order_by("pk")}
            tree = locked.get(tree_id)
            if tree is None or tree.ends_at is None:
                continue
            free = tree.available
            if free:
                rows.exclude(pk=tree_id).update(held=F("held") - free)
                rows.filter(pk=tree_id).update(ceiling=F("ceiling") - free)
            if not tree.held and not Limit.objects.filter(within=tree).exists():
                tree.leases.all().delete()
                tree.delete()
