from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from billing import customers, ledger, recharging
from billing.models import AutoRecharge, Lot, StripeCustomer, TopUp
from billing.recharging import Order
from billing.stripe_double import cards
from billing.stripe_double.world import Fault
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Notification
from marketplace.lib.errors import BadInput
from tests.ledgers import require_balanced_books
from tests.stripes import GOOD_CARD, Stripe, owner

pytestmark = pytest.mark.django_db
ORDER = Order(threshold=5_000_000, amount=20_000_000, monthly_cap=50_000_000)


def with_card(stripe: Stripe, who: Actor, number: str = GOOD_CARD) -> StripeCustomer:
    customer = customers.customer_of(owner(who))
    customers.keep_card(customer.stripe_id, stripe.save_card(customer.stripe_id, number))
    customer.refresh_from_db()
    return customer


def test_low_balance_buys_once_and_the_webhooks_add_nothing(stripe: Stripe, alice: Actor) -> None:
    with_card(stripe, alice)
    recharging.configure(owner(alice), ORDER, by=alice, is_on=True)

    recharging.recharge()
    recharging.recharge()
    stripe.bring_wildly(4)

    assert Lot.objects.get().remaining == 20_000_000
    assert len(stripe.asked("/v1/payment_intents")) == 1
    require_balanced_books()


def test_recharges_end_at_the_monthly_cap_and_begin_anew_with_the_month(
    stripe: Stripe, alice: Actor
) -> None:
    with_card(stripe, alice)
    recharging.configure(owner(alice), ORDER, by=alice, is_on=True)
    order = AutoRecharge.objects.filter(owner=owner(alice))
    order.update(threshold=10**9)  # always low

    bought = [recharging.consider(owner(alice).pk) is not None for _ in range(4)]
    TopUp.objects.update(created_at=timezone.now() - timedelta(days=32))
    later = recharging.consider(owner(alice).pk)

    assert bought == [True, True, False, False]
    assert later is not None
    assert Lot.objects.count() == 3


def test_two_refusals_switch_it_off_and_each_is_told(stripe: Stripe, alice: Actor) -> None:
    with_card(stripe, alice, "4000000000000341")
    recharging.configure(owner(alice), ORDER, by=alice, is_on=True)

    for _ in range(3):
        recharging.recharge()

    order = AutoRecharge.objects.get()
    assert (order.is_on, order.failures) == (False, 2)
    assert "declined" in order.stopped_because
    assert len(stripe.asked("/v1/payment_intents")) == 2
    assert Notification.objects.filter(title__contains="failed").count() == 2
    assert Lot.objects.count() == 0


def test_card_whose_bank_wants_to_ask_sends_its_holder_to_the_page(
    stripe: Stripe, alice: Actor
) -> None:
    with_card(stripe, alice, "4000002760003184")
    recharging.configure(owner(alice), ORDER, by=alice, is_on=True)

    recharging.recharge()

    assert "buy credit once" in Notification.objects.get().body


def test_lost_answer_stays_in_flight_and_is_asked_again_under_its_key(
    stripe: Stripe, alice: Actor
) -> None:
    with_card(stripe, alice)
    recharging.configure(owner(alice), ORDER, by=alice, is_on=True)
    stripe.world.faults.append(Fault("/v1/payment_intents", when="after", times=3))

    recharging.recharge()
    state = TopUp.objects.get().state
    second = recharging.consider(owner(alice).pk)
    recharging.recharge()

    assert (state, second) == (TopUp.State.WAITING, None)
    assert Lot.objects.get().remaining == 20_000_000
    assert len(stripe.world.all("payment_intent")) == 1
    assert len(set(stripe.asked("/v1/payment_intents"))) == 1


def test_another_card_meanwhile_does_not_pass_for_a_refusal(stripe: Stripe, alice: Actor) -> None:
    with_card(stripe, alice)
    recharging.configure(owner(alice), ORDER, by=alice, is_on=True)
    stripe.world.faults.append(Fault("/v1/payment_intents", when="after", times=3))
    recharging.recharge()
    with_card(stripe, alice)

    recharging.recharge()
    state = TopUp.objects.get().state
    stripe.bring_wildly(5)

    assert state == TopUp.State.WAITING
    assert TopUp.objects.get().state == TopUp.State.PAID
    assert Lot.objects.get().remaining == 20_000_000
    assert len(stripe.world.all("payment_intent")) == 1


def test_payment_that_takes_days_is_credited_when_it_has_come(
    stripe: Stripe, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = with_card(stripe, alice).card_id
    recharging.configure(owner(alice), ORDER, by=alice, is_on=True)
    with monkeypatch.context() as days:
        days.setattr(cards, "succeed", lambda _world, one, _card: one.update(status="processing"))
        recharging.recharge()
    TopUp.objects.update(created_at=timezone.now() - timedelta(hours=25))
    recharging.recharge()
    state = TopUp.objects.get().state
    cards.succeed(
        stripe.world,
        stripe.world.all("payment_intent")[0],
        stripe.world.get("payment_method", card),
    )

    stripe.bring()

    assert state == TopUp.State.WAITING
    assert TopUp.objects.get().state == TopUp.State.PAID
    assert Lot.objects.get().remaining == 20_000_000
    require_balanced_books()


def test_after_a_day_without_an_answer_stripe_is_asked_what_became_of_it(
    stripe: Stripe, alice: Actor, bob: Actor
) -> None:
    with_card(stripe, alice)
    recharging.configure(owner(alice), ORDER, by=alice, is_on=True)
    with_card(stripe, bob)
    recharging.configure(owner(bob), ORDER, by=bob, is_on=True)
    stripe.world.faults.append(Fault("/v1/payment_intents", when="after", times=3))
    recharging.consider(owner(alice).pk)
    stripe.world.faults.append(Fault("/v1/payment_intents", times=3))
    recharging.consider(owner(bob).pk)
    TopUp.objects.update(created_at=timezone.now() - timedelta(hours=25))
    AutoRecharge.objects.update(is_on=False)

    recharging.recharge()

    states = dict(TopUp.objects.values_list("owner_id", "state"))
    assert states == {alice.owner_id: TopUp.State.PAID, bob.owner_id: TopUp.State.FAILED}
    assert len(stripe.world.all("payment_intent")) == 1


def test_it_cannot_be_switched_on_without_a_card_or_with_a_cap_below_one_purchase(
    stripe: Stripe, alice: Actor
) -> None:
    with pytest.raises(BadInput, match="leave a card"):
        recharging.configure(owner(alice), ORDER, by=alice, is_on=True)
    with pytest.raises(BadInput, match="in a month"):
        recharging.configure(
            owner(alice), Order(5_000_000, 20_000_000, 10_000_000), by=alice, is_on=False
        )

    assert AutoRecharge.objects.count() == 0


def test_frozen_account_is_not_charged(stripe: Stripe, alice: Actor) -> None:
    with_card(stripe, alice)
    recharging.configure(owner(alice), ORDER, by=alice, is_on=True)
    ledger.wallets([owner(alice).pk])
    owner(alice).spending_limits.update(frozen_because="a dispute")

    recharging.recharge()

    assert TopUp.objects.count() == 0
