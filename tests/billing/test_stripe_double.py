"""The double is as strict as Stripe's own types, and remembers what it has answered."""

from __future__ import annotations

import inspect
import io
import re
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe as package
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from billing import gateway, stripe_connect, stripe_metering, stripe_paying
from billing.gateway import Gateway
from billing.stripe_double import place, schema
from billing.stripe_double.refusals import Refusal
from billing.stripe_double.world import Fault
from billing.stripe_facts import Declined, StripeRefused, Unreachable
from billing.stripe_paying import Basket
from marketplace.accounts.actors import Actor
from tests.stripes import GOOD_CARD, KEY, SECRET, Stripe

pytestmark = pytest.mark.django_db


@pytest.fixture
def door(stripe: Stripe) -> Gateway:
    return gateway.gateway()


@pytest.fixture
def client(stripe: Stripe) -> package.StripeClient:
    """The package itself, for requests that the gateway never makes."""
    address = stripe.double.address
    return package.StripeClient(KEY, base_addresses={"api": address, "meter_events": address})


def test_the_types_are_those_of_the_package_that_is_installed() -> None:
    known = schema.load()

    assert (known.package, known.version) == (package.VERSION, package.api_version), (
        "The stripe package has changed: run `python deploy/stripe_schema.py`, and commit what it writes."
    )


def test_everything_that_the_gateway_asks_is_answered_by_somebody(
    stripe: Stripe, door: Gateway
) -> None:
    customer = door.create_customer(email="a@example.org", name="A", owner_id="1", key="c")
    method = stripe.save_card(customer, GOOD_CARD)
    door.use_card(customer, method, key="u")
    now = int(time.time())
    session = door.open_checkout(
        Basket("ref", "Credit", 2500, "usd"), customer=customer, back="http://s/", cancel="http://s/",
        expires_at=int(time.time()) + 3600,
    )  # fmt: skip
    door.expire_session(door.session(session.id).id, key="x")
    door.open_card_page(customer=customer, back="http://s/", cancel="http://s/", key="p")
    paid = door.charge_card(2500, customer=customer, method_id=method, metadata={}, key="q")
    assert paid.charge is not None
    refunded = door.refund(paid.charge.id, 100, metadata={"a": "b"}, key="r")
    account = door.open_account(email="b@example.org", country="US", owner_id="2", key="a")
    stripe.onboard(door.onboarding_link(account.id, again="http://s/", back="http://s/"))
    dashboard = door.dashboard_link(account.id)
    sent = door.transfer(
        50, destination=account.id, group="g", metadata={"payout_line": "1"}, key="t"
    )
    portal = door.portal_link(
        customer, configuration=door.create_portal_settings(key="o"), back="http://s/"
    )
    secrets = door.create_webhooks("http://site/hook")

    assert door.default_card(customer) == (method, "Visa •••• 4242", "fp42424242")
    assert door.payments_of(customer, since=now - 60)[0].id == paid.id == door.payment(paid.id).id
    assert door.charge(paid.charge.id).amount_refunded == 100
    assert door.refunds_of(paid.charge.id) == [refunded] == [door.refund_made(refunded.id)]
    assert door.account(account.id).is_ready
    assert door.transfers_of("g") == [door.transfer_made(sent.id)]
    assert door.balance("usd") == (2500 - 102 - 100 - 50, 0)
    assert {one.category for one in door.movements(since=now - 60)} == {
        "charge",
        "refund",
        "transfer",
    }
    assert [one.type for one in door.events(since=now - 60)][:1] == ["transfer.created"]
    assert all(one.startswith("whsec_") for one in secrets)
    assert len(secrets) == 2
    assert [httpx.get(page).status_code for page in (dashboard, portal)] == [200, 200]


def test_metered_subscription_is_counted_previewed_and_ended(stripe: Stripe, door: Gateway) -> None:
    customer = door.create_customer(email="a@example.org", name="A", owner_id="1", key="c")
    meter = door.create_meter("m", "M", key="m")
    price = door.create_price(meter, "M", per_unit=Decimal("0.0001"), key="pr")
    subscribed = door.subscribe(customer, [price], key="s")
    now = int(time.time())
    door.report_usage("m", customer=customer, value=15_000, identifier="i", at=now)
    hour = now // 3600 * 3600
    counted = door.usage_by_hour(meter, customer, start=hour, end=hour + 3600)
    preview = door.preview(subscribed.id)
    door.cancel_usage("m", "i")
    door.end_subscription(subscribed.id, key="e")

    assert (counted, preview.total) == ({hour: 15_000}, 2)
    assert door.usage_by_hour(meter, customer, start=hour, end=hour + 3600) == {}
    assert door.subscription(subscribed.id).status == "canceled"


WRONG: list[tuple[str, Callable[[Any], object]]] = [
    ("unknown parameter: payment_method_types", lambda v1: v1.checkout.sessions.create(
        {"success_url": "http://s/", "payment_method_types": ["card"]})),
    (r"unknown parameter: line_items\[0\]\[price_data\]\[colour\]", lambda v1: v1.checkout.sessions.create(
        {"success_url": "http://s/", "line_items": [{"price_data": {"currency": "usd", "colour": "red"}}]})),
    (r"Missing required param: currency", lambda v1: v1.payment_intents.create({"amount": 100})),
    ("Invalid integer: ten", lambda v1: v1.refunds.create({"charge": "ch_1", "amount": "ten"})),
    ("must be one of", lambda v1: v1.prices.create(
        {"currency": "usd", "recurring": {"interval": "fortnight"}})),
    ("too long", lambda v1: v1.billing.meter_events.create(
        {"event_name": "m", "identifier": "x" * 101, "payload": {"value": "1"}})),
    ("No such charge", lambda v1: v1.refunds.create({"charge": "ch_1"})),
    ("Unrecognized request URL", lambda v1: v1.coupons.create({"percent_off": 10})),
]  # fmt: skip


@pytest.mark.parametrize(("words", "ask"), WRONG)
def test_wrong_requests_are_refused_at_any_depth(
    client: package.StripeClient, words: str, ask: Callable[[Any], object]
) -> None:
    with pytest.raises(package.InvalidRequestError, match=words):
        ask(client.v1)


@given(st.text(min_size=1).filter(str.isidentifier), st.sampled_from(["", "[a]", "[0][b]"]))
def test_no_parameter_gets_through_that_stripe_does_not_know(name: str, inside: str) -> None:
    known = schema.load()
    operation, _ = known.find("post", "/v1/refunds")
    assert operation.form is not None
    if name in known._follow(operation.form)["properties"]:
        return

    with pytest.raises(Refusal, match="unknown parameter"):
        known.read_form(operation, f"charge=ch_1&{name}{inside}=1")


def test_key_is_replayed_with_its_failure_refused_with_other_parameters_and_forgotten_after_a_day(
    stripe: Stripe, door: Gateway
) -> None:
    def send(amount: int) -> object:
        return door.transfer(amount, destination="acct_1", group="g", metadata={}, key="one")

    refusals = []
    for _ in range(2):
        with pytest.raises(StripeRefused) as refused:
            send(100)
        refusals.append(refused.value.message)
    with pytest.raises(Unreachable) as unknown:  # whether the first was done, it does not tell
        send(200)
    account = door.open_account(email="", country="US", owner_id="1", key="a")
    stripe.world.objects["account"]["acct_1"] = stripe.world.objects["account"].pop(account.id)
    with pytest.raises(StripeRefused, match="No such account"):
        send(100)
    stripe.world.advance(24 * 3600 + 1)
    with pytest.raises(StripeRefused, match="capabilities"):
        send(100)

    assert "No such account" in refusals[0] == refusals[1]
    assert "same parameters" in str(unknown.value.__cause__)


def test_faults_are_told_apart_by_whether_it_may_have_been_done(
    stripe: Stripe, door: Gateway
) -> None:
    customer = door.create_customer(email="", name="A", owner_id="1", key="c")
    method = stripe.save_card(customer, "4000000000000341")
    ask: Callable[[str], object] = lambda key: door.charge_card(  # noqa: E731
        100, customer=customer, method_id=method, metadata={}, key=key
    )

    with pytest.raises(Declined) as declined:
        ask("one")
    stripe.world.faults.append(Fault("payment_intents", status=500, times=3))
    with pytest.raises(Unreachable):
        ask("two")
    stripe.world.faults.append(Fault("balance", status=429))

    assert (declined.value.reason, declined.value.status) == ("card_declined", 402)
    assert "Nothing was charged" in declined.value.message
    assert door.balance("usd") == (0, 0)


def test_streams_of_usage_need_a_session_that_is_fresh(
    stripe: Stripe, client: package.StripeClient
) -> None:
    session = client.v2.billing.meter_event_session.create()
    address = stripe.double.address
    stream = package.StripeClient(
        session.authentication_token, base_addresses={"api": address, "meter_events": address}
    )
    events: Any = {"events": [{"event_name": "nobody", "payload": {"value": "1"}}]}

    stream.v2.billing.meter_event_stream.create(events)
    stripe.world.advance(901)

    with pytest.raises(package.TemporarySessionExpiredError):
        stream.v2.billing.meter_event_stream.create(events)
    assert [one["type"] for one in stripe.world.all("v2.core.event")] == [
        "v1.billing.meter.no_meter_found"
    ]


def test_a_sites_double_remembers_over_a_restart(tmp_path: Path, settings: Settings) -> None:
    settings.STRIPE_SECRET_KEY, settings.STRIPE_DOUBLE = "", True
    settings.STRIPE_DOUBLE_DIR = tmp_path / "double"
    first = place.start(
        settings.STRIPE_DOUBLE_DIR, webhook="http://127.0.0.1:9/", pages="/test-stripe"
    )
    customer = gateway.gateway().create_customer(email="", name="A", owner_id="1", key="c")
    page = gateway.gateway().open_card_page(
        customer=customer, back="https://shop.example/back", cancel="https://shop.example/", key="p"
    )
    first.stop()

    second = place.start(
        settings.STRIPE_DOUBLE_DIR, webhook="http://127.0.0.1:9/", pages="/test-stripe"
    )

    assert gateway.gateway().default_card(customer) == ("", "", "")
    assert page.url.startswith("https://shop.example/test-stripe/pay/")
    assert oct((tmp_path / "double" / "site.json").stat().st_mode)[-3:] == "600"
    second.stop()


def test_only_who_holds_the_key_orders_the_double_about(stripe: Stripe) -> None:
    address = f"{stripe.double.address}/_double/state"

    stranger = httpx.post(address)
    holder = httpx.post(address, headers={"Authorization": f"Bearer {KEY}"})

    assert (stranger.status_code, holder.status_code) == (401, 200)
    assert holder.json()["unimplemented"] == []


def test_operator_sets_stripe_up_with_one_command(stripe: Stripe, alice: Actor) -> None:
    told = io.StringIO()

    call_command("set_up_stripe", stdout=told)
    call_command("set_up_stripe", stdout=told)

    assert re.search(r"STRIPE_WEBHOOK_SECRETS=whsec_\w+,whsec_\w+", told.getvalue())
    assert len(stripe.world.all("billing.meter")) == 2
    assert SECRET not in told.getvalue()


def test_whatever_changes_something_takes_a_key() -> None:
    reading = re.compile(
        r"\.(retrieve|list|create_preview)\(|(links|sessions)\.create\(|account_links"
    )
    without = [
        name
        for module in (stripe_paying.Paying, stripe_metering.Metering, stripe_connect.Connecting)
        for name, function in vars(module).items()
        if inspect.isfunction(function)
        and "idempotency_key" not in inspect.getsource(function)
        and not reading.search(inspect.getsource(function))
    ]

    assert without == []
