from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from billing import customers, freezing, ledger, maturing, metering, postpaid, settlement
from billing.models import Finding, Limit, MeterExport, PostPaid, StripeInvoice
from billing.stripe_double.world import Fault
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Notification
from marketplace.lib.errors import BadInput, NotAllowed
from tests.ledgers import give, killed_at, require_balanced_books
from tests.stripes import GOOD_CARD, Stripe, held_in, owner, staff, use, used

pytestmark = pytest.mark.django_db
State = MeterExport.State
HOUR = timedelta(hours=1)


def this_hour() -> datetime:
    return timezone.now().astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def allowed(
    stripe: Stripe, who: Actor, limit: int = 50_000_000, number: str = GOOD_CARD
) -> PostPaid:
    """Somebody who pays at the end of the month, since three hours ago."""
    customer = customers.customer_of(owner(who))
    customers.keep_card(customer.stripe_id, stripe.save_card(customer.stripe_id, number))
    made = postpaid.allow(owner(who), limit, by=staff())
    PostPaid.objects.update(started_at=this_hour() - 3 * HOUR)
    for subscription in stripe.world.all("subscription"):
        for item in subscription["items"]["data"]:
            item["current_period_start"] -= 3 * 3600
    made.refresh_from_db()
    return made


def counted(stripe: Stripe) -> int:
    return sum(int(one["value"]) for one in stripe.world.usage.values())


def test_usage_reaches_stripe_by_the_hour_and_the_month_is_invoiced_and_paid(
    stripe: Stripe, alice: Actor, bob: Actor, settings: Settings
) -> None:
    settings.HOLDING_DAYS = 0
    allowed(stripe, alice)
    use(alice, bob, royalty=10_000_000, compute=2_345_678, at=this_hour() - 2 * HOUR)
    use(alice, bob, royalty=1_000_000, at=this_hour() - HOUR)

    metering.export()
    metering.export()
    before = maturing.mature()
    stripe.world.advance(33 * 86_400)
    stripe.world.advance(3700)
    stripe.bring_wildly(1)
    after = maturing.mature()

    invoice = StripeInvoice.objects.get(total__gt=0)
    assert {
        one.meter: one.value for one in MeterExport.objects.filter(hour=this_hour() - 2 * HOUR)
    } == {
        "royalty": 10_000_000,
        "compute": 2_345_678,
    }
    assert (invoice.status, invoice.total) == ("paid", 13_350_000)
    assert ledger.balance("receivable", alice.owner_id) == 0
    assert held_in("rounding") == 13_350_000 - 13_345_678
    assert (before, after) == (0, 1)  # authors are paid when the caller has paid
    assert ledger.balance("author_available", bob.owner_id) == 7_700_000
    require_balanced_books()


def test_credit_limit_is_the_most_that_can_be_owed_and_ends_with_the_subscription(
    stripe: Stripe, alice: Actor, bob: Actor
) -> None:
    allowed(stripe, alice, 5_000_000)
    use(alice, bob, royalty=3_000_000)

    wallet = Limit.objects.get(kind="wallet", owner=owner(alice))
    left = wallet.available
    postpaid.end(owner(alice), by=staff())

    wallet.refresh_from_db()
    assert (left, wallet.available, wallet.credit_limit) == (2_000_000, 0, 3_000_000)
    assert PostPaid.objects.get().state == PostPaid.State.ENDED
    require_balanced_books()


def test_late_usage_gets_a_number_of_its_own_and_seals_never_change(
    stripe: Stripe, alice: Actor, bob: Actor
) -> None:
    allowed(stripe, alice)
    hour = this_hour() - HOUR
    use(alice, bob, royalty=1_000_000, at=hour)
    metering.export()
    used(alice, bob, royalty=500_000, at=hour + timedelta(minutes=59))

    metering.export()
    settlement.settle()
    metering.export()

    seals = MeterExport.objects.filter(hour=hour).order_by("seq")
    assert [(one.seq, one.value) for one in seals] == [(1, 1_000_000), (2, 500_000)]
    assert counted(stripe) == 1_500_000
    assert metering.confirm(PostPaid.objects.get(), since=hour) == {}
    assert {one.state for one in MeterExport.objects.all()} == {State.CONFIRMED}


def test_lost_answer_is_sent_again_under_its_identifier_and_counts_once(
    stripe: Stripe, alice: Actor, bob: Actor
) -> None:
    allowed(stripe, alice)
    use(alice, bob, royalty=1_000_000, at=this_hour() - HOUR)
    stripe.world.faults.append(Fault("/v1/billing/meter_events", when="after", times=3))

    metering.export()
    lost = MeterExport.objects.get().state
    metering.export()

    keys = stripe.asked("/v1/billing/meter_events")
    assert (lost, MeterExport.objects.get().state) == (State.UNKNOWN, State.SENT)
    assert (len(keys), len(set(keys)), counted(stripe)) == (4, 1, 1_000_000)


@pytest.mark.django_db(transaction=True)
def test_process_that_is_killed_with_the_answer_in_its_hands_sends_the_same_again(
    stripe: Stripe, alice: Actor, bob: Actor
) -> None:
    allowed(stripe, alice)
    use(alice, bob, royalty=1_000_000, at=this_hour() - HOUR)

    status = killed_at((metering, "_note"), metering.export)
    left = MeterExport.objects.get().state
    metering.export()

    keys = stripe.asked("/v1/billing/meter_events")
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert (left, MeterExport.objects.get().state) == (State.UNKNOWN, State.SENT)
    assert (len(keys), len(set(keys)), counted(stripe)) == (2, 1, 1_000_000)


@pytest.mark.parametrize(("when", "requests"), [("after", 3), ("before", 4)])
def test_after_a_day_nothing_is_sent_again_blindly(
    stripe: Stripe, alice: Actor, bob: Actor, when: str, requests: int
) -> None:
    allowed(stripe, alice)
    use(alice, bob, royalty=1_000_000, at=this_hour() - HOUR)
    stripe.world.faults.append(Fault("/v1/billing/meter_events", when=when, times=3))
    metering.export()
    MeterExport.objects.update(first_tried_at=timezone.now() - timedelta(hours=25))
    stripe.world.advance(25 * 3600)

    metering.export()

    assert MeterExport.objects.get().state == State.SENT
    assert counted(stripe) == 1_000_000
    assert len(stripe.asked("/v1/billing/meter_events")) == requests


def test_usage_that_stripe_finds_wrong_later_is_marked_and_told_to_staff(
    stripe: Stripe, alice: Actor, bob: Actor
) -> None:
    row = allowed(stripe, alice)
    use(alice, bob, royalty=1_000_000, at=this_hour() - HOUR)
    metering.seal(row)
    customer = stripe.world.objects["customer"].popitem()[1]  # somebody deletes it at Stripe

    metering.send_all()
    stripe.bring_wildly(2)
    stripe.world.objects["customer"][customer["id"]] = customer

    one = MeterExport.objects.get()
    finding = Finding.objects.get()
    assert (one.state, finding.kind) == (State.FAILED, Finding.Kind.USAGE_REFUSED)
    assert "meter_event_customer_not_found" in one.last_error
    assert finding.subject == one.identifier


def test_card_that_fails_is_dunned_then_frozen_then_written_off(
    stripe: Stripe, alice: Actor, bob: Actor
) -> None:
    allowed(stripe, alice, number="4000000000000341")
    use(alice, bob, royalty=10_000_000, at=this_hour() - HOUR)
    metering.export()
    stripe.world.advance(33 * 86_400)
    stripe.world.advance(3700)
    stripe.bring()
    dunned = Notification.objects.filter(title__contains="could not be collected").count()
    first = PostPaid.objects.get().state

    for days in (4, 6, 8):
        stripe.world.advance(days * 86_400)
        stripe.bring()

    last = PostPaid.objects.get().state
    PostPaid.objects.update(state=PostPaid.State.ENDED)
    freezing.thaw_if_settled(owner(alice))

    wallet = Limit.objects.get(kind="wallet", owner=owner(alice))
    assert (dunned, first) == (1, PostPaid.State.PAST_DUE)
    assert last == PostPaid.State.UNPAID
    assert "not paid" in wallet.frozen_because
    assert (ledger.balance("receivable", alice.owner_id), held_in("bad_debt")) == (0, -10_000_000)
    require_balanced_books()


def test_bought_credit_is_spent_first_and_only_the_rest_is_metered(
    stripe: Stripe, alice: Actor, bob: Actor
) -> None:
    allowed(stripe, alice)
    give(alice.owner_id, 4_000_000)
    use(alice, bob, royalty=3_000_000, compute=3_000_000, at=this_hour() - HOUR)

    metering.export()

    values = {one.meter: one.value for one in MeterExport.objects.all()}
    assert values == {"royalty": 2_000_000}


def test_only_staff_may_allow_it_and_only_with_a_card(stripe: Stripe, alice: Actor) -> None:
    with pytest.raises(NotAllowed):
        postpaid.allow(owner(alice), 5_000_000, by=alice)
    with pytest.raises(BadInput, match="leave a card"):
        postpaid.allow(owner(alice), 5_000_000, by=staff())

    assert PostPaid.objects.count() == 0
