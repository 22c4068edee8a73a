"""Reservations by their API: who may reserve for whom, what is refused, and what is told."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from algorithms import resolving
from algorithms.models import Algorithm
from marketplace.accounts import keys
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Notification, Owner
from projects import reserving
from projects.models import Reservation
from tests import ledgers
from tests.compat.administration import admin_key, send
from tests.factories import AlgorithmFactory, VersionFactory

__all__ = ["admin_key"]
OURS = "/api/reservations"
STAFF = "/v1/admin/reservations"


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The reservations for which a runner was asked; none takes them."""
    asked: list[str] = []

    def ask(name: str, args: tuple[str, ...] = (), *_: object, **__: object) -> None:
        if name == "projects.warming.keep_warm":
            asked.extend(args)

    monkeypatch.setattr(current_app, "send_task", ask)
    return asked


@pytest.fixture
def algorithm(alice: Actor) -> Algorithm:
    made: Algorithm = AlgorithmFactory.create(owner_id=alice.owner_id, name="Hello", is_public=True)
    VersionFactory.create(build__algorithm=made, callability="public")
    return made


@pytest.fixture
def his(bob: Actor) -> Client:
    """A program of bob's, who has credit for days."""
    ledgers.give(bob.owner_id, 50_000_000)
    owner = Owner.objects.get(pk=bob.owner_id or "")
    secret = keys.create(owner, by=bob, label="program", scopes=keys.FULL)[1]
    return Client(headers={"Authorization": f"Simple {secret}"})


def _post(client: Client, **body: object) -> Any:
    return client.post(OURS, json.dumps(body), content_type="application/json")


@pytest.mark.django_db(transaction=True)
def test_owner_reserves_within_limits_for_himself_alone_and_ends_it(
    his: Client, alice: Actor, bob: Actor, algorithm: Algorithm, sent: list[str]
) -> None:
    hidden = AlgorithmFactory.create(owner_id=alice.owner_id, name="Hidden")
    commit = algorithm.builds.get().commit

    refused = [
        _post(his, algorithm=str(hidden)),
        _post(his, algorithm="alice/Hello", owner="alice"),
        _post(his, algorithm="alice/Hello", version_type="hash", version_identifier=commit),
        _post(his, algorithm="alice/Hello", version_type="newest"),
        _post(his, algorithm="alice/Hello", version_type="semantic_version"),
        _post(his, algorithm="alice/Hello", num_slots=0),
        _post(his, algorithm="alice/Hello", num_slots=3),
        _post(Client(), algorithm="alice/Hello"),
    ]
    made = _post(his, algorithm="alice/hello", num_slots=2)
    twice = _post(his, algorithm="alice/Hello", num_slots=1)
    one = f"{OURS}/{made.json()['id']}"

    assert [answer.status_code for answer in refused] == [404, 403, 403, 400, 400, 400, 429, 401]
    assert (made.status_code, twice.status_code) == (201, 429)
    told = made.json()
    assert (told["algorithm"], told["version"], told["ready"]) == ("alice/Hello", "0.1.0", 0)
    assert told["rate_microcredits"] == 1_000_000
    assert [row["id"] for row in his.get(OURS).json()["results"]] == [told["id"]]
    assert sent == [told["id"]]
    assert Client().get(one).status_code == 404
    assert his.delete(one).status_code == 204
    assert his.delete(one).status_code == 404
    assert Reservation.objects.get().reason == "bob ended it."


@pytest.mark.django_db(transaction=True)
def test_nothing_is_reserved_without_credit(
    bob: Actor, algorithm: Algorithm, sent: list[str], settings: LazySettings
) -> None:
    settings.FREE_CREDITS_PER_MONTH = 0
    owner = Owner.objects.get(pk=bob.owner_id or "")
    secret = keys.create(owner, by=bob, label="program", scopes=keys.FULL)[1]

    poor = _post(Client(headers={"Authorization": secret}), algorithm="alice/Hello")

    assert poor.status_code == 402
    assert (Reservation.objects.count(), sent) == (0, [])


@pytest.mark.django_db(transaction=True)
def test_administrators_reserve_for_somebody_in_the_predecessors_words(
    client: Client, his: Client, admin_key: str, bob: Actor, algorithm: Algorithm
) -> None:
    commit = algorithm.builds.get().commit
    body = {
        "username": "alice",
        "algoname": "Hello",
        "calling_user": "bob",
        "version_type": "semantic version",
        "version_identifier": "0.1.0",
        "num_slots": 1,
    }

    status, made = send(client, "POST", STAFF, admin_key, body)

    assert status == 200, made
    assert made == {
        "reservation_id": str(Reservation.objects.get().pk),
        "billable_to": "bob",
        "billable_to_uuid": str(bob.owner_id),
        "username": "alice",
        "algoname": "Hello",
        "version_type": "semantic_version",
        "num_slots": 1,
        "algo_id": str(algorithm.pk),
        "algorithm_id": str(algorithm.pk),
        "version_hash": commit,
    }
    assert send(client, "GET", STAFF, admin_key) == (200, [made])
    told = Notification.objects.get(user_id=bob.user_id or 0)
    assert told.title == "Staff have reserved alice/Hello for you"
    one = f"{STAFF}/{made['reservation_id']}"
    assert [his.get(STAFF).status_code, his.delete(one).status_code] == [403, 403]
    assert send(client, "DELETE", one, admin_key)[0] == 204
    assert send(client, "DELETE", one, admin_key)[0] == 404


@pytest.mark.django_db(transaction=True)
def test_calls_go_to_the_runner_that_keeps_them_and_a_lost_one_is_replaced(
    his: Client, alice: Actor, bob: Actor, algorithm: Algorithm, sent: list[str]
) -> None:
    _post(his, algorithm="alice/Hello")
    Reservation.objects.update(runner="host-1", ready=1, heartbeat_at=timezone.now())

    mine = resolving.resolve("alice", "Hello", "", by=bob)
    hers = resolving.resolve("alice", "Hello", "", by=alice)
    reserving.recover()
    kept = Reservation.objects.get().runner
    Reservation.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
    reserving.recover()

    one = Reservation.objects.get()
    assert (mine.spec.runner, hers.spec.runner) == ("host-1", "")
    assert kept == "host-1"
    assert (one.runner, one.ready, one.heartbeat_at) == ("", 0, None)
    assert sent == [str(one.pk)] * 2


@pytest.mark.django_db(transaction=True)
def test_page_says_the_price_before_it_reserves_and_shows_what_is_kept(
    his: Client, bob: Actor, algorithm: Algorithm
) -> None:
    browser = Client()
    browser.force_login(Owner.objects.get(pk=bob.owner_id or "").user)  # type: ignore[arg-type]
    form = {
        "algorithm": "alice/Hello",
        "version_type": "latest_public",
        "num_slots": "2",
        "owner": str(bob.owner_id),
    }

    priced = browser.get("/reservations/", form).content.decode()
    nothing = Reservation.objects.count()
    wrong = browser.post("/reservations/", form | {"algorithm": "alice/Nothing"})
    made = browser.post("/reservations/", form)
    shown = browser.get("/reservations/").content.decode()
    browser.post(f"/reservations/{Reservation.objects.get().pk}/end/")

    assert nothing == 0
    assert "bob pays $0.72 an hour while all of them wait" in priced
    assert wrong.status_code == 400
    assert "alice/Nothing not found" in wrong.content.decode()
    assert made.status_code == 302
    assert "0 of 2 warm" in shown
    assert not Reservation.objects.live().exists()
