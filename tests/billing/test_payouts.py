from __future__ import annotations

import os
import signal
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from billing import connecting, freezing, ledger, maturing, payouts, statements
from billing.ledger import Leg
from billing.models import PayoutAccount, PayoutLine, StripeCustomer
from billing.stripe_double import cash, connect
from billing.stripe_double.world import Fault
from marketplace.accounts import closing
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib.errors import BadInput, Conflict, NotAllowed
from tests import ledgers
from tests.ledgers import require_balanced_books
from tests.stripes import Stripe, browser_of, held_in, owner, staff, use

pytestmark = pytest.mark.django_db
State = PayoutLine.State


@pytest.fixture(autouse=True)
def _mature_at_once(settings: Settings) -> None:
    settings.HOLDING_DAYS = 0


def funded(stripe: Stripe, cents: int) -> None:
    """Money of the site's at Stripe."""
    source = {"id": "ch_funds", "currency": "usd"}
    cash.book(stripe.world, "charge", source, cents)


def onboarded(stripe: Stripe, who: Actor) -> PayoutAccount:
    back = "http://site/billing/get-paid/"
    url = connecting.begin(owner(who), by=who, country="US", back=back, again=back)
    stripe.onboard(url)
    stripe.bring()
    return PayoutAccount.objects.get(owner=owner(who))


def earned(who: Actor, payer: Actor, micro: int) -> None:
    """A royalty of which so much is the author's."""
    ledgers.give(payer.owner_id, micro * 2, f"for {who.name} {timezone.now()}")
    use(payer, who, royalty=-(-micro * 10 // 7))


def test_author_onboards_is_paid_whole_cents_and_reads_the_statement(
    stripe: Stripe, alice: Actor, bob: Actor
) -> None:
    browser = browser_of(bob)
    funded(stripe, 100_00)
    earned(bob, alice, 60_123_456)

    begun = browser.post("/billing/get-paid/", {"country": "US"})
    stripe.onboard(begun["Location"])
    page = browser.get("/billing/get-paid/").content.decode()
    made = payouts.run("2026-11", by=staff())
    stripe.bring_wildly(1)

    line = PayoutLine.objects.get()
    statement = statements.of_payout(line, by=bob)
    assert begun.status_code == 303
    assert "Stripe pays your bank" in page
    assert (line.state, line.amount, made.name) == (State.PAID, 60_120_000, "2026-11")
    assert [one["amount"] for one in stripe.world.all("transfer")] == [6012]
    assert ledger.balance("author_available", bob.owner_id) == 3_456
    assert ledger.balance("author_in_transit", bob.owner_id) == 0
    assert statement.brought_forward + sum(one.amount for one in statement.items) == 60_123_456
    assert (statement.paid, statement.carried_forward) == (60_120_000, 3_456)
    assert "$60.12" in browser.get(f"/billing/payouts/{line.pk}/").content.decode()
    require_balanced_books()


def test_run_twice_or_under_another_name_pays_once(
    stripe: Stripe, alice: Actor, bob: Actor
) -> None:
    funded(stripe, 200_00)
    onboarded(stripe, bob)
    earned(bob, alice, 60_000_000)

    for name in ("2026-11", "2026-11", "again"):
        payouts.run(name, by=staff())

    assert [one["amount"] for one in stripe.world.all("transfer")] == [6000]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "moment", [(ledger, "post_journal"), (payouts, "transfer"), (payouts, "settle")]
)
def test_run_that_is_killed_half_way_pays_once_when_it_is_taken_up(
    stripe: Stripe, alice: Actor, bob: Actor, moment: tuple[object, str]
) -> None:
    funded(stripe, 200_00)
    onboarded(stripe, bob)
    earned(bob, alice, 60_000_000)
    maturing.mature()

    status = ledgers.killed_at(moment, lambda: (payouts.freeze("2026-11"), payouts.go_on()))
    payouts.freeze("2026-11")
    payouts.go_on()
    payouts.go_on()

    assert os.WTERMSIG(status) == signal.SIGKILL
    assert [one["amount"] for one in stripe.world.all("transfer")] == [6000]
    assert PayoutLine.objects.get().state == State.PAID
    require_balanced_books()


def test_lost_answer_makes_one_transfer(stripe: Stripe, alice: Actor, bob: Actor) -> None:
    funded(stripe, 200_00)
    onboarded(stripe, bob)
    earned(bob, alice, 60_000_000)
    stripe.world.faults.append(Fault("/v1/transfers", when="after", times=3))

    payouts.run("2026-11", by=staff())
    lost = PayoutLine.objects.get().state
    payouts.go_on()

    assert (lost, PayoutLine.objects.get().state) == (State.FROZEN, State.PAID)
    assert len(stripe.world.all("transfer")) == 1
    assert len(set(stripe.asked("/v1/transfers"))) == 1


def test_after_a_day_without_an_answer_no_second_transfer_is_made(
    stripe: Stripe, alice: Actor, bob: Actor
) -> None:
    funded(stripe, 200_00)
    onboarded(stripe, bob)
    earned(bob, alice, 60_000_000)
    stripe.world.faults.append(Fault("/v1/transfers", when="after", times=3))
    payouts.run("2026-11", by=staff())
    PayoutLine.objects.update(first_tried_at=timezone.now() - timedelta(hours=25))
    stripe.world.advance(25 * 3600)

    payouts.go_on()

    assert PayoutLine.objects.get().state == State.PAID
    assert len(stripe.world.all("transfer")) == 1


def test_definite_refusal_waits_and_is_another_request_later(
    stripe: Stripe, alice: Actor, bob: Actor
) -> None:
    onboarded(stripe, bob)
    earned(bob, alice, 60_000_000)

    payouts.run("2026-11", by=staff())
    line = PayoutLine.objects.get()
    funded(stripe, 100_00)
    payouts.go_on()

    assert (line.state, line.attempt) == (State.WAITING, 2)
    assert "insufficient available funds" in line.last_error
    assert PayoutLine.objects.get().state == State.PAID
    assert len(set(stripe.asked("/v1/transfers"))) == 2
    require_balanced_books()


def test_too_little_not_onboarded_and_restricted_wait(
    stripe: Stripe, alice: Actor, bob: Actor, mallory: Actor
) -> None:
    funded(stripe, 500_00)
    earned(alice, bob, 60_000_000)
    onboarded(stripe, bob)
    earned(bob, alice, 49_990_000)
    restricted = onboarded(stripe, mallory)
    earned(mallory, alice, 60_000_000)
    connect.restrict(stripe.world, stripe.world.get("account", restricted.stripe_id))
    stripe.bring()

    payouts.run("2026-11", by=staff())

    assert PayoutLine.objects.count() == 0
    assert [payouts.outlook(owner(who).pk).why_not[:14] for who in (alice, bob, mallory)] == [
        "Say first wher",
        "Less than $50.",
        "Stripe needs t",
    ]


def test_transfer_that_is_taken_back_is_earned_again(
    stripe: Stripe, alice: Actor, bob: Actor
) -> None:
    funded(stripe, 200_00)
    onboarded(stripe, bob)
    earned(bob, alice, 60_000_000)
    payouts.run("2026-11", by=staff())

    connect.reverse(stripe.world, {}, str(PayoutLine.objects.get().transfer_id))
    stripe.bring_wildly(2)

    assert PayoutLine.objects.get().state == State.RETURNED
    assert ledger.balance("author_available", bob.owner_id) == 60_000_000
    require_balanced_books()


def test_reserve_of_a_new_author_stays_and_negative_earnings_block(
    stripe: Stripe, alice: Actor, bob: Actor, settings: Settings
) -> None:
    settings.PAYOUT_RESERVE_BPS = 1000
    onboarded(stripe, bob)
    earned(bob, alice, 100_000_000)
    maturing.mature()

    fresh = payouts.outlook(owner(bob).pk)
    legs = [
        Leg(ledger.account("author_available", bob.owner_id), -150_000_000),
        Leg(ledger.account("bad_debt"), 150_000_000),
    ]
    ledger.post_journal("test:debt", "test", legs)

    assert (fresh.reserve, fresh.payable) == (10_000_000, 90_000_000)
    assert "made up for first" in payouts.outlook(owner(bob).pk).why_not


@pytest.mark.parametrize(
    ("earned_at", "day", "is_due"),
    [
        (datetime(2026, 10, 24, 23, 59, 59, tzinfo=UTC), date(2026, 11, 22), False),
        (datetime(2026, 10, 24, 23, 59, 59, tzinfo=UTC), date(2026, 11, 23), True),
        (datetime(2026, 10, 25, 0, 0, tzinfo=UTC), date(2026, 11, 23), False),
        (datetime(2026, 10, 25, 0, 0, tzinfo=UTC), date(2026, 11, 24), True),
        (datetime(2026, 3, 29, 1, 30, tzinfo=UTC), date(2026, 4, 27), False),
        (datetime(2026, 3, 29, 1, 30, tzinfo=UTC), date(2026, 4, 28), True),
    ],
)
def test_royalties_mature_with_the_day_of_utc_whatever_clocks_do(
    stripe: Stripe, alice: Actor, bob: Actor, settings: Settings,
    earned_at: datetime, day: date, is_due: bool,
) -> None:  # fmt: skip
    settings.HOLDING_DAYS = 30
    ledgers.give(alice.owner_id, 20_000_000)
    use(alice, bob, royalty=10_000_000, at=earned_at)

    first = maturing.mature_for(owner(bob).pk, day)
    second = maturing.mature_for(owner(bob).pk, day)

    assert (first, second) == (7_000_000 if is_due else 0, 0)
    assert held_in("author_available") == first


def test_stranger_may_neither_run_payouts_nor_open_an_account_for_others(
    stripe: Stripe, bob: Actor, mallory: Actor
) -> None:
    with pytest.raises(NotAllowed):
        payouts.run("2026-11", by=bob)
    with pytest.raises(NotAllowed):
        connecting.begin(owner(bob), by=mallory, country="US", back="http://x/", again="http://x/")
    with pytest.raises(BadInput, match="these countries: US"):
        connecting.begin(owner(bob), by=bob, country="XX", back="http://x/", again="http://x/")

    assert stripe.world.all("account") == []


def test_suspended_author_is_paid_nothing_until_it_has_ended(
    stripe: Stripe, alice: Actor, bob: Actor
) -> None:
    funded(stripe, 400_00)
    onboarded(stripe, bob)
    earned(bob, alice, 60_000_000)
    author = Owner.objects.filter(name="bob")
    author.update(is_suspended=True)

    payouts.run("2026-11", by=staff())
    why = payouts.outlook(owner(bob).pk).why_not
    author.update(is_suspended=False)
    payouts.freeze("2026-12")
    author.update(is_suspended=True)
    payouts.go_on()
    sent_meanwhile = stripe.world.all("transfer")
    author.update(is_suspended=False)
    payouts.go_on()

    assert why == "This account is suspended, and is paid nothing as long as it is."
    assert sent_meanwhile == []
    assert [one["amount"] for one in stripe.world.all("transfer")] == [6000]
    require_balanced_books()


def test_author_whose_payouts_staff_keep_back_is_paid_when_they_let_them_go_on(
    stripe: Stripe, alice: Actor, bob: Actor
) -> None:
    funded(stripe, 400_00)
    onboarded(stripe, bob)
    earned(bob, alice, 60_000_000)
    maturing.mature()
    payouts.freeze("2026-11")
    freezing.freeze_payouts(owner(bob), "We look into it.", by=staff())

    payouts.go_on()
    why = payouts.outlook(owner(bob).pk).why_not
    sent_meanwhile = stripe.world.all("transfer")
    with pytest.raises(NotAllowed):
        freezing.thaw_payouts(owner(bob), by=bob)
    freezing.thaw_payouts(owner(bob), by=staff())
    payouts.go_on()

    assert why == "Your payouts are kept back: We look into it."
    assert sent_meanwhile == []
    assert [one["amount"] for one in stripe.world.all("transfer")] == [6000]


@pytest.mark.parametrize(("was_suspended", "paid"), [(True, []), (False, [6000])])
def test_closing_an_account_pays_what_is_owed_unless_it_was_suspended(
    stripe: Stripe, alice: Actor, bob: Actor, was_suspended: bool, paid: list[int]
) -> None:
    funded(stripe, 400_00)
    onboarded(stripe, bob)
    earned(bob, alice, 60_000_000)
    Owner.objects.filter(name="bob").update(is_suspended=was_suspended)

    closing.close(owner(bob), by=staff())
    payouts.run("2026-11", by=staff())

    assert [one["amount"] for one in stripe.world.all("transfer")] == paid
    require_balanced_books()


def test_books_that_know_customers_of_stripes_other_mode_pay_nobody(
    stripe: Stripe, alice: Actor, bob: Actor
) -> None:
    """Credit bought with a test card must not become a transfer of real money."""
    funded(stripe, 100_00)
    onboarded(stripe, bob)
    earned(bob, alice, 60_000_000)
    StripeCustomer.objects.create(owner=owner(alice), stripe_id="cus_other", is_live=True)

    payouts.run("2026-11", by=staff())
    with pytest.raises(Conflict, match="both real and test money"):
        payouts.cash_out(owner(bob), by=bob)

    assert stripe.world.all("transfer") == []
