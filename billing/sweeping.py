"""The books against themselves: balances and entries, limits and calls, lots and accounts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from django.db.models import F, Sum
from django.db.models.functions import Coalesce

from billing.ledger import Kind
from billing.models import Account, Balance, Entry, Finding, Lease, Limit, Lot, Usage


def sweep() -> Iterator[Finding]:
    """Everything that does not agree within the books."""
    yield from _sums()
    yield from _projections()
    yield from _holds()
    yield from _lots()


def counted() -> int:
    return Balance.objects.count()


def _sums() -> Iterator[Finding]:
    for currency, total in Entry.objects.values_list("account__currency").annotate(Sum("amount")):
        if total:
            yield Finding(
                kind=Finding.Kind.NOT_ZERO,
                subject=currency,
                sentence=f"All entries in {currency} together are {total} micro-units, not zero.",
                expected=0,
                found=total,
            )


def _projections() -> Iterator[Finding]:
    wrong = Balance.objects.annotate(total=Coalesce(Sum("account__entries__amount"), 0)).exclude(
        posted=F("total")
    )
    for balance in wrong.select_related("account"):
        yield Finding(
            kind=Finding.Kind.PROJECTION_DIFFERS,
            subject=f"account {balance.pk} ({balance.account})"[:200],
            sentence=f"The balance says {balance.posted}, its entries {balance.total} micro-units.",
            expected=balance.total,
            found=balance.posted,
        )


def _holds() -> Iterator[Finding]:
    """What a limit has set aside: its leases, usage to be settled, and open caps of trees."""
    expected: dict[int, int] = defaultdict(int)
    for limit_id, amount in Lease.objects.values_list("limit_id").annotate(Sum("amount")):
        expected[limit_id] += amount
    unsettled = Usage.objects.filter(settled_in__isnull=True, total__gt=0, is_held=True)
    used: dict[int, int] = defaultdict(int)
    for usage in unsettled.only("limit_ids", "total"):
        for limit_id in usage.limit_ids:
            used[limit_id] += usage.total
    for limit_id, amount in used.items():
        expected[limit_id] += amount
    for cap in Limit.objects.filter(kind=Limit.Kind.TREE):
        for limit_id in cap.holder_ids:
            expected[limit_id] += cap.ceiling - cap.spent - used.get(cap.pk, 0)
    for limit in Limit.objects.exclude(kind=Limit.Kind.TREE):
        if limit.held != expected.get(limit.pk, 0):
            yield Finding(
                kind=Finding.Kind.HOLDS_DIFFER,
                subject=f"limit {limit.pk}",
                sentence=f"{limit.held} micro-units are set aside, calls have {expected.get(limit.pk, 0)} open.",
                expected=expected.get(limit.pk, 0),
                found=limit.held,
            )


def _lots() -> Iterator[Finding]:
    kinds = ((Kind.CUSTOMER_PROMO, True), (Kind.CUSTOMER_PAID, False))
    for kind, is_promo in kinds:
        left = dict(
            Lot.objects.filter(is_promo=is_promo).values_list("owner_id").annotate(Sum("remaining"))
        )
        for account in Account.objects.filter(kind=kind).select_related("balance"):
            lots = left.get(account.owner_id, 0) if account.owner_id else 0
            if lots != account.balance.posted:
                yield Finding(
                    kind=Finding.Kind.LOTS_DIFFER,
                    subject=f"{kind} of {account.owner_id}",
                    sentence=f"The lots hold {lots}, the account {account.balance.posted} micro-units.",
                    expected=account.balance.posted,
                    found=lots,
                )
