"""/api/algorithms: what each asker sees, and that scripts can follow a build."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from algorithms import authoring, build_logs, repositories
from algorithms.models import Algorithm, Build
from algorithms.publishing import publish
from marketplace.accounts import keys
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from tests.factories import BuildFactory, EnvironmentFactory

BASE = "/api/algorithms/alice/Hello"


@pytest.fixture
def algorithm(alice: Actor, settings: LazySettings, tmp_path: Path) -> Algorithm:
    settings.DATA_DIR = tmp_path
    owner = Owner.objects.get(name="alice")
    return authoring.create(owner, by=alice, name="Hello", environment=EnvironmentFactory.create())


def client_of(actor: Actor) -> Client:
    owner = Owner.objects.get(name=actor.name)
    return Client(headers={"Authorization": keys.create(owner, by=actor, label="t")[1]})


def published(algorithm: Algorithm, by: Actor, **fields: Any) -> None:
    BuildFactory.create(algorithm=algorithm, commit=repositories.head(algorithm.pk))
    publish(algorithm, by=by, **fields)


def paths(client: Client, query: str = "") -> list[str]:
    return [item["path"] for item in client.get(f"/api/algorithms{query}").json()["results"]]


def test_list_shows_what_each_may_see(algorithm: Algorithm, alice: Actor, mallory: Actor) -> None:
    assert paths(client_of(alice)) == ["alice/Hello"]
    assert paths(client_of(mallory)) == paths(Client()) == []

    published(algorithm, alice, callability="public")

    assert paths(Client()) == paths(Client(), "/?owner=Alice") == ["alice/Hello"]
    assert paths(Client(), "?owner=mallory") == []


def test_versions_of_a_private_kind_are_for_the_owner(
    algorithm: Algorithm, alice: Actor, mallory: Actor
) -> None:
    published(algorithm, alice, callability="public")
    algorithm.refresh_from_db()
    published(algorithm, alice, callability="private")

    def numbers(client: Client) -> list[str]:
        return [item["version"] for item in client.get(f"{BASE}/versions").json()["results"]]

    assert numbers(client_of(alice)) == ["0.2.0", "0.1.0"]
    assert numbers(client_of(mallory)) == numbers(Client()) == ["0.1.0"]


def test_build_is_started_followed_and_cancelled(algorithm: Algorithm, alice: Actor) -> None:
    client = client_of(alice)

    started = client.post(f"{BASE}/builds/", "", content_type="application/json")

    build = Build.objects.get()
    place = f"{BASE}/builds/{build.pk}"
    assert (started.status_code, started.json()["state"]) == (201, "queued")
    assert client.get(place).json()["commit"] == repositories.head(algorithm.pk)
    build_logs.append(build.pk, "one\ntwo\n")
    piece = client.get(f"{place}/log?after=4")
    assert (piece.content, piece["X-Log-Offset"], piece["X-Build-State"]) == (
        b"two\n",
        "8",
        "queued",
    )
    assert client.get(f"{place}/log?after=x").status_code == 400
    assert client.delete(place).status_code == 200
    build.refresh_from_db()
    assert build.state == Build.State.CANCELLED
    assert [item["state"] for item in client.get(f"{BASE}/builds").json()["results"]] == [
        "cancelled"
    ]


def test_builds_are_nobody_elses_business(
    algorithm: Algorithm, alice: Actor, mallory: Actor
) -> None:
    published(algorithm, alice, callability="public")
    build = Build.objects.get()
    stranger = client_of(mallory)

    for path in ("builds", f"builds/{build.pk}", f"builds/{build.pk}/log"):
        assert stranger.get(f"{BASE}/{path}").status_code == 403
        assert Client().get(f"{BASE}/{path}").status_code == 401
    assert stranger.post(f"{BASE}/builds", {}, "application/json").status_code == 403
    assert stranger.delete(f"{BASE}/builds/{build.pk}").status_code == 403

    assert Build.objects.get().state == Build.State.SUCCEEDED
