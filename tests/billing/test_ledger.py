from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from billing import grants, ledger, lots
from billing.ledger import Kind, Leg, NotEnough, account, post_journal
from billing.models import Balance, Entry, Journal, Limit, Lot, Usage
from billing.models.accounts import MOST
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import BadInput, Conflict
from tests.ledgers import require_balanced_books, use

pytestmark = pytest.mark.django_db


def bought(who: Actor, micro: int, name: str = "one") -> Lot:
    assert who.owner_id is not None
    return lots.open_lot(
        who.owner_id,
        micro,
        idem_key=f"topup:{name}",
        source=Lot.Source.TOPUP,
        kind="topup",
        against=[Leg(account("stripe_cash"), -micro)],
    )


def test_topup_with_tax_moves_each_account_and_the_wallet(alice: Actor) -> None:
    assert alice.owner_id is not None

    lots.open_lot(
        alice.owner_id,
        10_000_000,
        idem_key="topup:cs_1",
        source=Lot.Source.TOPUP,
        kind="topup",
        against=[Leg(account("stripe_cash"), -11_900_000), Leg(account("tax_payable"), 1_900_000)],
    )

    assert ledger.balance("customer_paid", alice.owner_id) == 10_000_000
    assert ledger.balance("stripe_cash") == -11_900_000
    assert ledger.balance("tax_payable") == 1_900_000
    assert Limit.objects.get(owner_id=alice.owner_id).available == 10_000_000
    require_balanced_books()


def test_the_same_fact_is_booked_once_and_another_under_its_key_is_refused(alice: Actor) -> None:
    first = bought(alice, 500)

    again = bought(alice, 500)

    assert again == first
    with pytest.raises(Conflict, match="another amount"):
        bought(alice, 501)
    legs = [Leg(account("stripe_fees"), -3), Leg(account("stripe_cash"), 3)]
    assert post_journal("fee:1", "fee", legs) == post_journal("fee:1", "fee", legs[::-1])
    with pytest.raises(Conflict, match="other legs"):
        post_journal("fee:1", "fee", [Leg(leg.account, leg.amount * 2) for leg in legs])
    assert Journal.objects.count() == 2
    require_balanced_books()


@pytest.mark.parametrize("amounts", [(1, -2), (0, 0), (MOST + 1, -MOST - 1), (2**63, -(2**63))])
def test_journal_of_uneven_or_fantastic_amounts_is_refused(
    db: None, amounts: tuple[int, int]
) -> None:
    first, second = account("stripe_cash"), account("stripe_fees")

    with pytest.raises(BadInput):
        post_journal("odd", "odd", [Leg(first, amounts[0]), Leg(second, amounts[1])])

    assert not Journal.objects.exists()


def test_nobody_is_taken_what_they_have_not_or_what_calls_have_set_aside(alice: Actor) -> None:
    lot = bought(alice, 1000)
    Limit.objects.update(held=400)
    cash = account("stripe_cash")

    with pytest.raises(NotEnough, match="600 are free, 400 are set aside"):
        lots.withdraw(lot, 601, idem_key="refund:1", kind="refund", against=[Leg(cash, 601)])
    lots.withdraw(lot, 600, idem_key="refund:2", kind="refund", against=[Leg(cash, 600)])
    lots.withdraw(lot, 600, idem_key="refund:2", kind="refund", against=[Leg(cash, 600)])

    lot.refresh_from_db()
    assert (lot.remaining, lots.refundable(lot)) == (400, 0)
    assert ledger.balance("customer_paid", alice.owner_id) == 400


def test_refund_beyond_what_is_left_of_its_own_lot_is_refused(alice: Actor) -> None:
    small = bought(alice, 100)
    bought(alice, 900, "two")

    against = [Leg(account("stripe_cash"), 101)]
    with pytest.raises(NotEnough, match="Only 100"):
        lots.withdraw(small, 101, idem_key="refund:1", kind="refund", against=against)

    small.refresh_from_db()
    assert small.remaining == 100
    require_balanced_books()


def test_a_reversal_undoes_a_journal_once(alice: Actor) -> None:
    legs = [Leg(account("author_pending", alice.owner_id), 7), Leg(account("platform_fee"), -7)]
    journal = post_journal("call:1", "call", legs)

    first = ledger.reverse(journal, idem_key="reverse:1", kind="reverse")
    second = ledger.reverse(journal, idem_key="reverse:1", kind="reverse")

    assert first == second
    assert first.reverses == journal
    assert ledger.balance("author_pending", alice.owner_id) == 0
    require_balanced_books()


def test_expired_credit_goes_to_the_house_and_gifts_are_used_first(alice: Actor) -> None:
    assert alice.owner_id is not None
    soon = timezone.now() + timedelta(hours=1)
    paid = bought(alice, 100)
    late = grants.post(alice.owner_id, 30, idem_key="g1", is_promo=True)
    early = grants.post(alice.owner_id, 20, idem_key="g2", is_promo=True, expires_at=soon)
    with transaction.atomic():
        purse = lots.purses([alice.owner_id])[alice.owner_id]
        order = [(part.lot.pk, part.amount) for part in purse.take(1000)]
    Lot.objects.filter(pk=early.pk).update(expires_at=timezone.now())

    lots.expire()
    lots.expire()

    assert order == [(early.pk, 20), (late.pk, 30), (paid.pk, 100)]
    assert ledger.balance("breakage") == 20
    assert ledger.balance("customer_promo", alice.owner_id) == 30
    require_balanced_books()


def _truncate() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "TRUNCATE billing_entry CASCADE"
            if connection.vendor == "postgresql"
            else "DELETE FROM billing_entry"
        )


def _add_one_leg() -> None:
    entry = Entry.objects.earliest("pk")
    Entry.objects.bulk_create([Entry(journal=entry.journal, account=entry.account, amount=9)])


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: Entry.objects.update(amount=5),
        lambda: Journal.objects.update(kind="x"),
        lambda: Journal.objects.all()._raw_delete("default"),
        lambda: Entry.objects.all()._raw_delete("default"),
        _truncate,
    ],
)
def test_the_database_itself_refuses_to_change_the_books(
    alice: Actor, attempt: Callable[[], object]
) -> None:
    bought(alice, 100)

    with pytest.raises(DatabaseError, match="only ever added to"), transaction.atomic():
        attempt()

    assert list(Entry.objects.order_by("amount").values_list("amount", flat=True)) == [-100, 100]


def test_the_database_itself_refuses_uneven_journals_debts_and_zero_legs(alice: Actor) -> None:
    bought(alice, 100)
    if connection.vendor == "postgresql":
        with pytest.raises(DatabaseError, match="do not sum to zero"), transaction.atomic():
            _add_one_leg()
    paid = account("customer_paid", alice.owner_id)
    journal, payer = Journal.objects.get(), Lot.objects.get().owner_id

    with pytest.raises(DatabaseError, match="never_in_debt"), transaction.atomic():
        Balance.objects.filter(account=paid).update(posted=-1)
    with pytest.raises(DatabaseError, match="never_overspent"), transaction.atomic():
        Limit.objects.update(held=101)
    used = use(payer, payer, compute=60)
    with pytest.raises(DatabaseError, match="not_held"), transaction.atomic():
        Usage.objects.filter(pk=used.pk).update(held=59)
    with pytest.raises(DatabaseError, match="an_entry_moves_something"), transaction.atomic():
        Entry.objects.bulk_create([Entry(journal=journal, account=paid, amount=0)])

    require_balanced_books()


def test_accounts_of_owners_and_of_the_house_are_not_mixed_up(alice: Actor) -> None:
    with pytest.raises(BadInput, match="needs an owner"):
        account(Kind.CUSTOMER_PAID)
    with pytest.raises(BadInput, match="belongs to the house"):
        account(Kind.STRIPE_CASH, alice.owner_id)

    assert account(Kind.STRIPE_CASH) == account(Kind.STRIPE_CASH)
