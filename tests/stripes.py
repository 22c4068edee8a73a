"""The Stripe of the tests: a double on the loopback interface, and what people do at it.

The real stripe package speaks to it over HTTP. Webhooks are held and handed to the site's door
by `bring`, signed, so that tests decide how often and in which order they come.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from django.db import transaction
from django.db.models import F
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from billing import ledger, settlement, webhooks
from billing.models import Entry, Limit, Usage
from billing.stripe_double import cards, endpoints, server
from billing.stripe_double.courier import Delivery
from billing.stripe_double.world import World
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.accounts.scopes import Scope
from tests.factories import UserFactory

KEY = "sk_test_double"
SECRET = "whsec_double"
GOOD_CARD = "4242424242424242"
DOOR = "/billing/stripe/webhook"


class Stripe:
    """The double, as a test sees it: what happens in the world, and what is brought to the site."""

    def __init__(self, double: server.Double) -> None:
        self.double = double
        self.world: World = double.world

    @property
    def held(self) -> list[Delivery]:
        return self.world.courier.held

    def reset(self) -> None:
        with self.world.lock:
            self.world.reset()
            self.world.check_answers = True
            self.world.courier.is_holding = True
            endpoints.send_everything_to(self.world, f"http://site{DOOR}", SECRET)

    def bring(self, deliveries: Sequence[Delivery] | None = None) -> list[int]:
        """Post what is held to the site's door, work it off, and give the door's answers."""
        brought = list(self.held if deliveries is None else deliveries)
        answers = [post(one.body, one.headers()) for one in brought]
        if deliveries is None:
            self.held.clear()
        webhooks.work_off()
        return answers

    def bring_wildly(self, seed: int) -> None:
        """Everything, each three times, in no order."""
        wild = list(self.held) * 3
        random.Random(seed).shuffle(wild)
        self.bring(wild)

    def pay(self, url: str, number: str = GOOD_CARD) -> httpx.Response:
        """Fill in the page as a person does."""
        return httpx.post(url, data={"number": number, "expiry": "12/34", "cvc": "123"})

    def onboard(self, url: str) -> httpx.Response:
        answers = {"first": "Ada", "last": "L", "bank": "1", "agree": "yes", "done": "yes"}
        return httpx.post(url, data=answers)

    def save_card(self, customer: str, number: str) -> str:
        with self.world.lock:
            method = cards.new_card(self.world, number, customer)
            return str(method["id"])

    def asked(self, path: str) -> list[str | None]:
        """The idempotency keys with which a path was asked."""
        return [one.key for one in self.world.requests if one.path == path and one.verb == "post"]


@pytest.fixture(scope="session")
def stripe_double() -> Iterator[server.Double]:
    double = server.start(World(key=KEY))
    yield double
    double.stop()


@pytest.fixture
def stripe(stripe_double: server.Double, settings: Settings) -> Iterator[Stripe]:
    """A Stripe that knows nothing yet; at the end its answers must have been Stripe's own kind."""
    settings.STRIPE_SECRET_KEY = KEY
    settings.STRIPE_API_URL = stripe_double.address
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_rotated", SECRET]
    settings.PAYOUT_RESERVE_BPS = 0
    here = Stripe(stripe_double)
    here.reset()
    yield here
    assert here.world.wrong_answers == []
    assert here.world.unimplemented == set()


def post(body: str, headers: dict[str, str]) -> int:
    client = Client(headers={"Stripe-Signature": headers.get("Stripe-Signature", "")})
    return client.post(DOOR, body, content_type="application/json").status_code


def owner(who: Actor) -> Owner:
    assert who.owner_id is not None
    return Owner.objects.get(pk=who.owner_id)


def browser_of(who: Actor) -> Client:
    """A browser in which somebody is signed in."""
    user, client = owner(who).user, Client()
    assert user is not None
    client.force_login(user)
    return client


def staff() -> Actor:
    """Somebody of the site's staff, signed in."""
    from_factory = UserFactory.create(is_staff=True)
    return Actor(
        user_id=from_factory.pk,
        owner_id=None,
        name=from_factory.username,
        is_staff=True,
        scopes=frozenset({Scope.ADMIN}),
    )


def session_of(url: str) -> str:
    return urlsplit(url).path.rsplit("/", maxsplit=1)[-1]


def held_in(kind: str) -> int:
    """What the books have in all accounts of a kind."""
    return sum(Entry.objects.filter(account__kind=kind).values_list("amount", flat=True))


def used(
    payer: Actor, author: Actor, *, royalty: int, compute: int = 0, at: datetime | None = None
) -> Usage:
    """A call that is over and not settled yet, set aside as calls are."""
    total = royalty + compute
    with transaction.atomic():
        wallet = ledger.wallets([owner(payer).pk])[0]
        Limit.objects.filter(pk=wallet.pk).update(held=F("held") + total)
    return Usage.objects.create(
        call_id=uuid4(),
        root_id=uuid4(),
        payer=owner(payer),
        author=owner(author),
        algorithm_id=uuid4(),
        outcome=Usage.Outcome.BILLED,
        compute=compute,
        royalty=royalty,
        total=total,
        held=total,
        price={"rate": 0, "royalty": royalty, "share_bps": 7000, "minimum_ms": 0},
        limit_ids=[wallet.pk],
        at=at or timezone.now(),
    )


def use(
    payer: Actor, author: Actor, *, royalty: int, compute: int = 0, at: datetime | None = None
) -> Usage:
    """A call that is over and settled."""
    made = used(payer, author, royalty=royalty, compute=compute, at=at)
    settlement.settle()
    made.refresh_from_db()
    return made
