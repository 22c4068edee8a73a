from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.core import mail
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from billing import budgets, disputes, giving_back, grants, ledger, lots, maturing, settlement
from billing.budgets import Subject
from billing.ledger import Leg, NotEnough, account
from billing.models import Journal, Limit, Lot, Usage
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Notification, Owner
from tests.factories import OwnerFactory
from tests.ledgers import give, require_balanced_books, require_nothing_held, use

pytestmark = pytest.mark.django_db


def owner_of(actor: Actor) -> Owner:
    return Owner.objects.get(name=actor.name)


def test_calls_become_one_journal_that_pays_computing_author_and_house(
    alice: Actor, bob: Actor
) -> None:
    payer, author = owner_of(bob).pk, owner_of(alice).pk
    give(payer, 10_000)
    used = [use(payer, author, compute=100, royalty=101) for _ in range(3)]

    assert settlement.settle() == 3
    assert settlement.settle() == 0

    assert ledger.balance("customer_paid", payer) == 10_000 - 603
    assert ledger.balance("compute_revenue") == 300
    assert ledger.balance("author_pending", author) == 3 * 70
    assert ledger.balance("platform_fee") == 3 * 31
    journal = Journal.objects.get(kind="calls")
    assert {one.settled_in for one in Usage.objects.all()} == {journal}
    assert journal.idem_key == f"batch:{used[0].pk}"
    require_balanced_books()
    require_nothing_held()


def test_gifts_are_spent_first_on_computing_and_earn_authors_nothing(
    alice: Actor, bob: Actor
) -> None:
    payer, author = owner_of(bob).pk, owner_of(alice).pk
    give(payer, 1000)
    grants.post(payer, 150, idem_key="gift", is_promo=True)
    first = use(payer, author, compute=50, royalty=100)
    second = use(payer, author, compute=50, royalty=100)

    settlement.settle()

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.promo, first.author_share) == (150, 0)
    assert (second.promo, second.author_share) == (0, 70)
    assert ledger.balance("platform_fee") == 100 + 30
    assert ledger.balance("author_pending", author) == 70
    require_balanced_books()


def test_who_pays_later_owes_what_lots_do_not_pay(alice: Actor, bob: Actor) -> None:
    payer, author = owner_of(bob).pk, owner_of(alice).pk
    give(payer, 40)
    Limit.objects.filter(owner_id=payer).update(credit_limit=500, ceiling=540)
    used = use(payer, author, compute=100)

    settlement.settle()

    used.refresh_from_db()
    assert used.owed == 60
    assert ledger.balance("receivable", payer) == -60
    assert Limit.objects.get(owner_id=payer).available == 440
    require_balanced_books()


def test_call_of_a_process_believed_dead_takes_what_is_left_and_the_house_bears_the_rest(
    alice: Actor, bob: Actor
) -> None:
    payer, author = owner_of(bob).pk, owner_of(alice).pk
    give(payer, 100)
    held = use(payer, author, compute=70)
    late = use(payer, author, compute=40, royalty=60, is_held=False)

    settlement.settle()

    held.refresh_from_db()
    late.refresh_from_db()
    assert (held.lost, late.lost) == (0, 70)
    assert late.author_share == 21  # of the 30 of its royalty that were paid
    assert ledger.balance("bad_debt") == -70
    assert ledger.balance("customer_paid", payer) == 0
    require_balanced_books()


def test_budget_says_once_at_each_step_how_far_it_is_used(
    alice: Actor, bob: Actor, django_capture_on_commit_callbacks: object
) -> None:
    owner = owner_of(bob)
    give(owner.pk, 10_000)
    budget = budgets.create(owner, by=bob, subject=Subject(), period="day", amount=1000)
    starts_at, ends_at = budget.window(timezone.now())
    window = Limit.objects.create(
        kind="window",
        owner=owner,
        budget=budget,
        starts_at=starts_at,
        ends_at=ends_at,
        ceiling=1000,
    )
    for spent in (490, 20, 300, 180, 10):
        use(owner.pk, owner_of(alice).pk, compute=spent, limit_ids=[window.pk])
        settlement.settle()

    titles = Notification.objects.order_by("pk").values_list("title", flat=True)
    assert list(titles) == [
        f"{percent} % of the budget of all of bob are used" for percent in (50, 80, 100)
    ]
    window.refresh_from_db()
    assert (window.spent, window.held, window.alerted_percent) == (1000, 0, 100)
    assert len(mail.outbox) == 0


class Books(RuleBasedStateMachine):
    """Anything that can happen to the books, in any order."""

    amounts = st.integers(1, 10_000)

    def __init__(self) -> None:
        super().__init__()
        self._undone = transaction.atomic()
        self._undone.__enter__()
        self.payers = [OwnerFactory.create().pk for _ in range(2)]
        self.author: UUID = OwnerFactory.create().pk
        self.number = 0
        for payer in self.payers:
            give(payer, 5000)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._undone.__exit__(None, None, None)

    def _key(self) -> str:
        self.number += 1
        return f"step:{self.number}"

    @rule(whose=st.booleans(), amount=amounts, is_promo=st.booleans())
    def credit(self, whose: bool, amount: int, is_promo: bool) -> None:
        key = self._key()
        lots_before = Lot.objects.count()
        for _ in range(2):
            grants.post(self.payers[whose], amount, idem_key=key, is_promo=is_promo)

        assert Lot.objects.count() == lots_before + 1

    @rule(whose=st.booleans(), amount=amounts, part=st.integers(0, 100))
    def call(self, whose: bool, amount: int, part: int) -> None:
        wallet = Limit.objects.get(kind="wallet", owner_id=self.payers[whose])
        amount = min(amount, wallet.available)
        royalty = amount * part // 100
        if amount:
            use(self.payers[whose], self.author, compute=amount - royalty, royalty=royalty)

    @rule(whose=st.booleans(), amount=amounts)
    def call_that_nothing_is_held_for(self, whose: bool, amount: int) -> None:
        use(self.payers[whose], self.author, compute=0, royalty=amount, is_held=False)

    @rule(most=st.integers(1, 5))
    def settle(self, most: int) -> None:
        settlement.settle_batch(most)

    @rule(whose=st.booleans(), amount=amounts)
    def refund(self, whose: bool, amount: int) -> None:
        lot = Lot.objects.filter(owner_id=self.payers[whose], is_promo=False).latest("pk")
        free = lots.refundable(lot)
        key, against = self._key(), [Leg(account("stripe_cash"), amount)]
        try:
            lots.withdraw(lot, amount, idem_key=key, kind="refund", against=against)
        except NotEnough:
            assert amount > free
        else:
            lots.withdraw(lot, amount, idem_key=key, kind="refund", against=against)
            assert amount <= free

    @rule(whose=st.booleans())
    def expire(self, whose: bool) -> None:
        gifts = Lot.objects.filter(owner_id=self.payers[whose], is_promo=True)
        gifts.update(expires_at=timezone.now() - timedelta(seconds=1))
        lots.expire()

    @rule(whose=st.booleans())
    def give_back(self, whose: bool) -> None:
        """A call's charge goes back, once however often it is tried."""
        rows = Usage.objects.filter(payer_id=self.payers[whose], settled_in__isnull=False)
        usage = rows.filter(objection__isnull=True, total__gt=F("lost")).first()
        if usage is not None:
            before = self.has(whose)
            given = [giving_back.give_back_unasked(usage, reason="It is wrong.") for _ in range(2)]
            assert given == [True, False]
            assert self.has(whose) == before + usage.total - usage.lost

    @rule()
    def mature(self) -> None:
        maturing.mature_for(self.author, timezone.now().date() + timedelta(days=31 + self.number))
        self.number += 1

    def has(self, whose: bool) -> int:
        kinds = ("customer_paid", "customer_promo")
        return sum(ledger.balance(kind, self.payers[whose]) for kind in kinds)

    @invariant()
    def the_books_are_balanced(self) -> None:
        require_balanced_books()

    @invariant()
    def authors_earn_their_share_of_what_was_really_paid(self) -> None:
        for one in Usage.objects.filter(settled_in__isnull=False):
            paid = min(one.royalty, one.total - one.promo - one.lost)
            assert one.author_share == paid * 7000 // 10_000
        for lot in Lot.objects.filter(is_promo=False):
            traced = disputes.traced(lot).get(self.author, 0)
            assert 0 <= traced <= (lot.original - lot.remaining) * 7000 // 10_000


def test_whatever_happens_in_whatever_order_the_books_are_balanced() -> None:
    run_state_machine_as_test(
        Books,
        settings=settings(
            max_examples=6,
            stateful_step_count=10,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
