"""What tests need around the books: their database emptied, people with credit, invariants.

Django's flush between tests that commit would be refused by the books' triggers. They are
taken away for its moment, here and nowhere in the product.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.models import F, Sum
from django.utils import timezone

from billing import grants, triggers
from billing.models import Account, Balance, Entry, Journal, Lease, Limit, Lot, Usage


def give(owner_id: UUID | None, micro: int, name: str = "test") -> None:
    """Credit that authors earn from, as if bought, without the roads of money."""
    assert owner_id is not None
    grants.post(owner_id, micro, idem_key=f"grant:{name}:{owner_id}", is_promo=False)


def require_balanced_books() -> None:
    """Everything that must hold whatever has happened; asserts with what is wrong."""
    uneven = Journal.objects.annotate(total=Sum("entries__amount")).exclude(total=0)
    assert not uneven.exists(), list(uneven.values("idem_key", "total"))
    for posted in Balance.objects.annotate(total=Sum("account__entries__amount")):
        assert posted.posted == (posted.total or 0), posted
    for limit in Limit.objects.all():
        leased = _sum(limit.leases.aggregate(total=Sum("amount")))
        assert limit.held == leased + _unsettled(limit) + _open_caps(limit), limit
        assert limit.available >= 0, limit
        if limit.kind == Limit.Kind.WALLET:
            accounts = Account.objects.filter(owner_id=limit.owner_id)
            mine = accounts.filter(kind__in=("customer_paid", "customer_promo", "receivable"))
            total = _sum(mine.aggregate(total=Sum("balance__posted")))
            assert limit.ceiling == total + limit.credit_limit, limit
    for is_promo, kind in ((True, "customer_promo"), (False, "customer_paid")):
        for balance in Balance.objects.filter(account__kind=kind):
            lots = Lot.objects.filter(owner=balance.account.owner, is_promo=is_promo)
            assert _sum(lots.aggregate(total=Sum("remaining"))) == balance.posted, balance


def require_nothing_held() -> None:
    assert not Lease.objects.filter(amount__gt=0).exists(), list(Lease.objects.all())
    assert not Limit.objects.filter(held__gt=0).exists(), list(Limit.objects.values())
    assert not Usage.objects.filter(settled_in__isnull=True, total__gt=0).exists()


def killed_at(moment: tuple[object, str], work: Callable[[], object]) -> int:
    """Do it in a process that the kernel ends when it calls this; give how it ended."""
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()  # type: ignore[attr-defined]  # its threads would not be in the child
    child = os.fork()
    if child == 0:
        setattr(*moment, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
        try:
            work()
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1]


def earned(kind: str) -> int:
    return _sum(Entry.objects.filter(account__kind=kind).aggregate(total=Sum("amount")))


def _unsettled(limit: Limit) -> int:
    rows = Usage.objects.filter(settled_in__isnull=True, total__gt=0, is_held=True)
    return sum(row.total for row in rows if limit.pk in row.limit_ids)


def _open_caps(limit: Limit) -> int:
    """What trees of calls with a Max-Cost of their own have set aside and not used."""
    caps = Limit.objects.filter(kind=Limit.Kind.TREE).exclude(pk=limit.pk)
    return sum(
        cap.ceiling - cap.spent - _unsettled(cap) for cap in caps if limit.pk in cap.holder_ids
    )


def _sum(found: dict[str, int | None]) -> int:
    return found["total"] or 0


_flush = BaseDatabaseOperations.execute_sql_flush


def flush_books_too(operations: BaseDatabaseOperations, sql_list: Sequence[str]) -> None:
    """Django's flush of a test database, around which the books may be emptied."""
    with transaction.atomic(), connection.cursor() as cursor:
        names = triggers.TABLES if connection.vendor == "postgresql" else triggers.SQLITE_NAMES
        for name in names:
            is_postgres = connection.vendor == "postgresql"
            cursor.execute(
                f"ALTER TABLE {name} DISABLE TRIGGER USER"
                if is_postgres
                else f"DROP TRIGGER {name}"
            )
        _flush(operations, sql_list)
        for statement in (
            [f"ALTER TABLE {name} ENABLE TRIGGER USER" for name in names]
            if connection.vendor == "postgresql"
            else triggers.SQLITE
        ):
            cursor.execute(statement)


def use(
    payer_id: UUID,
    author_id: UUID,
    *,
    compute: int,
    royalty: int = 0,
    is_held: bool = True,
    limit_ids: Sequence[int] = (),
) -> Usage:
    """A call that has cost so much and is not settled yet; held as its process has left it."""
    wallet = Limit.objects.get(kind=Limit.Kind.WALLET, owner_id=payer_id)
    ids = [wallet.pk, *limit_ids]
    total = compute + royalty
    if is_held:
        Limit.objects.filter(pk__in=ids).update(held=F("held") + total)
    return Usage.objects.create(
        call_id=uuid4(),
        root_id=uuid4(),
        payer_id=payer_id,
        author_id=author_id,
        algorithm_id=uuid4(),
        outcome=Usage.Outcome.BILLED,
        compute=compute,
        royalty=royalty,
        total=total,
        held=total,
        price={"rate": 1, "royalty": royalty, "share_bps": 7000, "minimum_ms": 10},
        limit_ids=ids,
        is_held=is_held,
        at=timezone.now(),
    )
