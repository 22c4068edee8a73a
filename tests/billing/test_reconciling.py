from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from billing import cash as our_cash
from billing import ledger, metering, payouts, reconciling, topups
from billing.ledger import Leg
from billing.models import (
    Balance,
    Finding,
    Limit,
    Lot,
    MeterExport,
    PayoutLine,
    ReconciliationRun,
    StripeEvent,
)
from billing.stripe_double import cash
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Notification, User
from marketplace.lib.errors import NotAllowed
from tests.billing.test_payouts import onboarded
from tests.billing.test_postpaid import HOUR, allowed, this_hour
from tests.ledgers import require_balanced_books
from tests.stripes import Stripe, browser_of, owner, session_of, staff, use

pytestmark = pytest.mark.django_db
F = Finding.Kind


@pytest.fixture
def busy(stripe: Stripe, alice: Actor, bob: Actor, settings: Settings) -> Stripe:
    """Books in which everything has happened once, and agrees."""
    settings.HOLDING_DAYS = 0
    url = topups.start(
        owner(alice),
        200_000_000,
        by=alice,
        back="http://s/{CHECKOUT_SESSION_ID}",
        cancel="http://s/",
    ).url
    stripe.pay(url)
    topups.fulfil(session_of(url))
    onboarded(stripe, bob)
    use(alice, bob, royalty=100_000_000)
    payouts.run("2026-11", by=staff())
    allowed(stripe, alice)
    cash.pay_out(stripe.world, 50_00)
    stripe.bring()
    return stripe


def test_books_that_agree_are_balanced_and_say_when(busy: Stripe) -> None:
    made = reconciling.reconcile()

    assert list(made.findings.values_list("kind", "sentence")) == []
    assert made.is_balanced
    assert reconciling.balanced_at() == made.started_at
    assert ledger.balance("bank_cash") == -50_000_000
    assert made.compared["cash"] >= 4
    require_balanced_books()


def _charge_nobody_booked(stripe: Stripe) -> None:
    cash.book(stripe.world, "charge", {"id": "ch_unknown", "currency": "usd"}, 1000)


def _journal_of_money_that_is_not_there(_stripe: Stripe) -> None:
    legs = [our_cash.came_in(3_000_000), Leg(ledger.account("bad_debt"), 3_000_000)]
    our_cash.post("topup:pi_invented", "topup", legs, source="ch_invented")


def _another_fee_than_was_booked(stripe: Stripe) -> None:
    charge = stripe.world.all("charge")[0]
    cash.book(stripe.world, "stripe_fee", {"id": charge["id"], "currency": "usd"}, -25)


def _word_that_never_came(stripe: Stripe) -> None:
    StripeEvent.objects.filter(type="charge.succeeded").delete()
    StripeEvent.objects.filter(type="checkout.session.completed").delete()
    for one in stripe.world.all("event"):
        one["created"] -= 3600


def _word_that_cannot_be_worked_off(_stripe: Stripe) -> None:
    StripeEvent.objects.filter(type="payout.paid").update(
        processed_at=None, attempts=5, next_attempt_at=timezone.now() + timedelta(hours=1)
    )


def _usage_counted_twice(stripe: Stripe) -> None:
    metering.export()
    identifier, counted = next(iter(stripe.world.usage.items()))
    stripe.world.usage[f"{identifier} again"] = dict(counted)


def _usage_that_does_not_get_there(_stripe: Stripe) -> None:
    metering.export()
    MeterExport.objects.update(state=MeterExport.State.UNKNOWN, hour=this_hour() - 6 * HOUR)


def _payout_that_was_never_transferred(stripe: Stripe) -> None:
    for one in stripe.world.all("transfer"):
        one["transfer_group"] = "elsewhere"


def _balance_that_is_not_its_entries(_stripe: Stripe) -> None:
    Balance.objects.filter(account__kind="platform_fee").update(posted=1)


def _credit_set_aside_for_nobody(_stripe: Stripe) -> None:
    Limit.objects.filter(kind="wallet", ceiling__gt=0).update(held=7)


def _lot_that_holds_more_than_its_owner_has(_stripe: Stripe) -> None:
    Lot.objects.filter(remaining__gt=0).update(remaining=5)


@pytest.mark.parametrize(
    ("harm", "kinds"),
    [
        (_charge_nobody_booked, {F.CASH_UNBOOKED, F.BALANCE_DIFFERS}),
        (_journal_of_money_that_is_not_there, {F.CASH_MISSING, F.BALANCE_DIFFERS}),
        (_another_fee_than_was_booked, {F.CASH_DIFFERS, F.BALANCE_DIFFERS}),
        (_word_that_never_came, {F.EVENT_MISSED}),
        (_word_that_cannot_be_worked_off, {F.EVENT_STUCK}),
        (_usage_counted_twice, {F.USAGE_DIFFERS}),
        (_usage_that_does_not_get_there, {F.USAGE_DIFFERS, F.USAGE_STUCK}),
        (_payout_that_was_never_transferred, {F.PAYOUT_DIFFERS}),
        (_balance_that_is_not_its_entries, {F.PROJECTION_DIFFERS}),
        (_credit_set_aside_for_nobody, {F.HOLDS_DIFFER}),
        (_lot_that_holds_more_than_its_owner_has, {F.LOTS_DIFFER}),
    ],
)
def test_each_fault_is_found_and_told_to_staff(
    busy: Stripe, alice: Actor, bob: Actor, harm: Callable[[Stripe], None], kinds: set[str]
) -> None:
    if "usage" in harm.__name__:
        use(alice, bob, royalty=120_000_000, at=this_hour() - HOUR)
    operator = staff()
    harm(busy)

    made = reconciling.reconcile()

    assert not made.is_balanced
    assert set(made.findings.values_list("kind", flat=True)) == kinds
    assert (
        Notification.objects.filter(user_id=operator.user_id or 0, title__contains="agree").count()
        == 1
    )


def test_missed_word_of_a_payment_is_made_up_for(stripe: Stripe, alice: Actor) -> None:
    url = topups.start(
        owner(alice),
        20_000_000,
        by=alice,
        back="http://s/{CHECKOUT_SESSION_ID}",
        cancel="http://s/",
    ).url
    stripe.pay(url)
    stripe.held.clear()

    reconciling.reconcile()

    assert Lot.objects.get().remaining == 20_000_000


def test_site_without_stripe_sweeps_its_own_books(alice: Actor, settings: Settings) -> None:
    settings.STRIPE_SECRET_KEY, settings.STRIPE_DOUBLE = "", False

    made = reconciling.reconcile()

    assert made.is_balanced


def test_staff_see_the_books_compare_them_and_settle_a_finding(busy: Stripe, alice: Actor) -> None:
    User.objects.filter(owner=owner(alice)).update(is_staff=True)
    browser = browser_of(alice)
    _charge_nobody_booked(busy)

    browser.post("/staff/money/compare/")
    page = browser.get("/staff/money/").content.decode()
    finding = Finding.objects.get(kind=F.CASH_UNBOOKED)
    browser.post(f"/staff/money/findings/{finding.pk}/", {"how": "booked by hand"})

    assert "Stripe moved 10.00 for ch_unknown" in page
    assert "ch_unknown" not in browser.get("/staff/money/").content.decode()


def test_stranger_may_not_look_at_the_books(stripe: Stripe, mallory: Actor) -> None:
    browser = browser_of(mallory)

    with pytest.raises(NotAllowed):
        reconciling.run(by=mallory)

    assert browser.get("/staff/money/").status_code == 403
    assert ReconciliationRun.objects.count() == 0
    assert PayoutLine.objects.count() == 0
