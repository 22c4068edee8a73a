from __future__ import annotations

import threading
import time

import httpx
import pytest
from django.core import mail
from django.db import connection
from pytest_django import Settings

from billing import customers, topups
from billing.models import Journal, Lot, StripeCustomer, StripeEvent, TopUp
from billing.stripe_double import checkout
from billing.stripe_double.courier import Delivery
from billing.stripe_double.world import Fault
from billing.stripe_facts import NoStripe
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Notification
from marketplace.lib.errors import BadInput, NotAllowed
from tests.ledgers import require_balanced_books
from tests.stripes import GOOD_CARD, Stripe, browser_of, held_in, owner, post, session_of

pytestmark = pytest.mark.django_db

BACK = "http://site/back?session={CHECKOUT_SESSION_ID}"
CANCEL = "http://site/cancel"


def begun(who: Actor, micro: int = 25_000_000) -> str:
    """A page of Stripe's, waiting for a card."""
    return topups.start(owner(who), micro, by=who, back=BACK, cancel=CANCEL).url


def test_topup_on_the_pages_is_credited_before_any_webhook_and_its_invoice_shown(
    stripe: Stripe, alice: Actor
) -> None:
    browser = browser_of(alice)

    page = browser.post("/billing/top-up/", {"amount": "25"})
    paid = stripe.pay(page["Location"])
    arrived = browser.get(paid.headers["Location"].removeprefix("http://testserver"))
    again = browser.get("/billing/top-up/")

    assert (page.status_code, paid.status_code) == (303, 303)
    assert "$25.00" in arrived.content.decode()
    assert "Visa •••• 4242" in again.content.decode()
    assert Lot.objects.get(source=Lot.Source.TOPUP).remaining == 25_000_000
    assert (held_in("stripe_cash"), held_in("stripe_fees")) == (-23_980_000, -1_020_000)
    assert TopUp.objects.get().invoice_url in again.content.decode()
    assert Notification.objects.filter(user=owner(alice).user, kind="billing").count() == 1
    require_balanced_books()


@pytest.mark.parametrize("seed", [1, 2])
def test_webhooks_in_any_order_and_thrice_credit_once(
    stripe: Stripe, alice: Actor, seed: int
) -> None:
    stripe.pay(begun(alice))

    stripe.bring_wildly(seed)
    stripe.bring_wildly(seed + 10)

    kinds = {one.type for one in StripeEvent.objects.all()}
    assert {"checkout.session.completed", "payment_intent.succeeded"} <= kinds
    assert not StripeEvent.objects.filter(processed_at__isnull=True).exists()
    assert Lot.objects.get().remaining == 25_000_000
    assert Journal.objects.filter(kind="topup").count() == 1
    require_balanced_books()


@pytest.mark.parametrize("first", ["checkout.session.completed", "payment_intent.succeeded"])
def test_either_word_of_a_payment_credits_it_and_the_other_nothing_more(
    stripe: Stripe, alice: Actor, first: str
) -> None:
    stripe.pay(begun(alice))
    deliveries = sorted(stripe.held, key=lambda one: f'"type": "{first}"' not in one.body)

    stripe.bring(deliveries[:1])
    after_one = Lot.objects.count()
    stripe.bring(deliveries[1:])

    assert (after_one, Lot.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_the_same_word_from_eight_sides_at_once_credits_once(stripe: Stripe, alice: Actor) -> None:
    stripe.pay(begun(alice))
    session = TopUp.objects.get().session_id
    assert session is not None
    failures: list[BaseException] = []

    def fulfil() -> None:
        try:
            topups.fulfil(session)
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=fulfil) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert Lot.objects.get().remaining == 25_000_000
    require_balanced_books()


def test_forged_old_and_foreign_words_are_refused_and_nothing_is_stored(
    stripe: Stripe, alice: Actor
) -> None:
    stripe.pay(begun(alice))
    true = stripe.held[0]
    forged = Delivery(true.event_id, true.url, "whsec_of_mallory", true.body)
    now = int(time.time())

    answers = [
        post(true.body, forged.headers()),
        post(true.body, true.headers(now - 301)),
        post(f"{true.body} ", true.headers()),
        post(true.body, {}),
        post('{"id": "evt_1"}', {"Stripe-Signature": "t=1,v1=00"}),
    ]
    stored = StripeEvent.objects.count()
    fresh = post(true.body, true.headers(now - 290))

    assert answers == [400] * 5
    assert (stored, fresh, StripeEvent.objects.count()) == (0, 200, 1)


def test_tax_comes_on_top_and_is_booked_apart(
    stripe: Stripe, alice: Actor, settings: Settings
) -> None:
    settings.STRIPE_TAX = True
    stripe.world.tax_bps = 1900

    stripe.pay(begun(alice, 10_000_000))
    stripe.bring()

    assert Lot.objects.get().remaining == 10_000_000
    assert held_in("tax_payable") == 1_900_000
    assert held_in("stripe_cash") + held_in("stripe_fees") == -11_900_000


def test_card_that_is_declined_charges_nothing_and_the_next_one_may_succeed(
    stripe: Stripe, alice: Actor
) -> None:
    url = begun(alice)

    declined = stripe.pay(url, "4000000000000002")
    stripe.bring()
    credited = Lot.objects.count()
    asked = stripe.pay(url, "4000002500003155")
    confirmed = httpx.post(url, data={"bank": "yes"})
    stripe.bring()

    assert (declined.status_code, credited) == (402, 0)
    assert "Your card was declined" in declined.text
    assert "Is this you?" in asked.text
    assert (confirmed.status_code, Lot.objects.get().remaining) == (303, 25_000_000)


def test_a_bank_payment_is_credited_when_it_arrives_and_not_before(
    stripe: Stripe, alice: Actor, bob: Actor
) -> None:
    sessions = [
        stripe.world.get("checkout.session", session_of(begun(who))) for who in (alice, bob)
    ]
    for session in sessions:
        checkout.pay_by_bank(stripe.world, session)
    stripe.bring()
    before = Lot.objects.count()

    checkout.settle(stripe.world, sessions[0], is_paid=True)
    checkout.settle(stripe.world, sessions[1], is_paid=False)
    stripe.bring()

    assert before == 0
    assert Lot.objects.get().owner_id == alice.owner_id
    assert TopUp.objects.get(owner=owner(bob)).state != TopUp.State.PAID


def test_page_that_nobody_pays_expires(stripe: Stripe, alice: Actor) -> None:
    begun(alice)

    stripe.world.advance(topups.PAGE_SECONDS + 60)
    stripe.bring()

    assert TopUp.objects.get().state == TopUp.State.EXPIRED


@pytest.mark.parametrize(
    ("micro", "words"),
    [
        (9_990_000, "at least \\$10.00"),
        (10_005_001, "whole cents"),
        (5_000_010_000, "at most \\$5000.00"),
    ],
)
def test_amounts_that_cannot_be_bought_are_refused_before_stripe_hears_of_them(
    stripe: Stripe, alice: Actor, micro: int, words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        begun(alice, micro)

    assert (TopUp.objects.count(), stripe.world.requests) == (0, [])


def test_stranger_can_neither_buy_for_others_nor_see_what_they_bought(
    stripe: Stripe, alice: Actor, mallory: Actor
) -> None:
    url = begun(alice)
    stripe.pay(url)

    with pytest.raises(NotAllowed):
        topups.start(owner(alice), 25_000_000, by=mallory, back=BACK, cancel=CANCEL)
    with pytest.raises(NotAllowed):
        topups.arrived(session_of(url), by=mallory)

    assert Lot.objects.count() == 0


def test_answer_that_gets_lost_on_the_way_makes_one_page_and_one_customer(
    stripe: Stripe, alice: Actor
) -> None:
    stripe.world.faults += [
        Fault("/v1/customers", when="after"),
        Fault("/v1/checkout/sessions", when="after"),
        Fault("/v1/checkout/sessions", status=429),
    ]

    url = begun(alice)

    assert session_of(url) in stripe.world.objects["checkout.session"]
    assert [len(stripe.world.all(kind)) for kind in ("customer", "checkout.session")] == [1, 1]
    assert len(set(stripe.asked("/v1/checkout/sessions"))) == 1


def test_card_left_without_a_purchase_is_used_from_then_on_until_it_is_removed(
    stripe: Stripe, alice: Actor
) -> None:
    browser = browser_of(alice)

    page = browser.post("/billing/card/")
    back = stripe.pay(page["Location"], GOOD_CARD)
    unnamed = browser.get("/billing/card/left/")
    browser.get(back.headers["Location"].removeprefix("http://testserver"))
    kept = StripeCustomer.objects.get().card_label
    portal = customers.open_portal(owner(alice), by=alice, back="http://site/")
    httpx.post(portal, data={"do": "remove", "card": StripeCustomer.objects.get().card_id})
    stripe.bring()

    assert (unnamed.status_code, kept) == (404, "Visa •••• 4242")
    assert StripeCustomer.objects.get().card_label == ""
    assert Lot.objects.count() == 0


def test_site_without_stripe_says_so_and_its_pages_work(alice: Actor, settings: Settings) -> None:
    settings.STRIPE_SECRET_KEY, settings.STRIPE_DOUBLE = "", False

    page = browser_of(alice).get("/billing/top-up/")
    paid = browser_of(alice).get("/billing/get-paid/")

    assert "takes no payments" in page.content.decode()
    assert paid.status_code == 200
    with pytest.raises(NoStripe, match="nothing was charged"):
        begun(alice)
    assert mail.outbox == []
