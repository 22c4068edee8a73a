"""What a gate lets through, by metric and by bound, with models that answer as they are told."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from algorithms import gateway, publications, works
from algorithms.charging import Cost
from algorithms.gates import judging, setting
from algorithms.gates.judging import Refused
from algorithms.gates.setting import Wanted
from algorithms.gateway import Answer, Ask
from algorithms.models import Algorithm, Build, Evaluation, Publication
from algorithms.publishing import publish
from algorithms.resolving import Target
from data_collections import collecting, files, uris
from data_collections.models import Collection
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner, User
from marketplace.lib.errors import BadInput, NotAllowed
from runners.specs import Failure, Kind, Network, Outcome, Timings
from tests.factories import AlgorithmFactory, BuildFactory

Models = dict[uuid.UUID, Callable[[Any], Any]]
ROWS = "data://alice/judging/rows.jsonl"
HALVES = [{"input": number, "expected": number / 2} for number in range(10)]


@pytest.fixture(autouse=True)
def _storage(settings: Settings, tmp_path: Path) -> None:
    backend = {
        **settings.STORAGES["default"],
        "OPTIONS": {"location": tmp_path / "blobs", "allow_overwrite": True},
    }
    settings.STORAGES = {**settings.STORAGES, "default": backend}


@pytest.fixture
def algorithm(alice: Actor) -> Algorithm:
    owned: Algorithm = AlgorithmFactory.create(owner=Owner.objects.get(name="alice"), name="Half")
    return owned


@pytest.fixture
def asked() -> list[Target]:
    return []


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch, asked: list[Target]) -> Models:
    """What each build answers; each call takes 20 ms and costs 30 micro-units."""
    known: Models = {}

    def call_now(target: Target, *, by: Actor, ask: Ask) -> Answer:
        asked.append(target)
        try:
            body = json.dumps(known[target.build_id](json.loads(ask.body))).encode()
            outcome = Outcome(Kind.JSON, body, timings=Timings(run=20_000))
        except ZeroDivisionError as error:
            outcome = Outcome(failure=Failure(str(error)), timings=Timings(run=20_000))
        return Answer(uuid.uuid4(), target, outcome, 1, Cost(30, 0, None))

    monkeypatch.setattr(gateway, "call_now", call_now)
    return known


@pytest.fixture
def gate(alice: Actor, algorithm: Algorithm) -> Callable[..., None]:
    """Seal these rows and set the gate."""
    owner = Owner.objects.get(name="alice")
    sealed = Collection.ReadAccess.SEALED
    collecting.create(owner, by=alice, name="judging", read_access=sealed)

    def put(rows: list[dict[str, Any]] = HALVES, **demands: Any) -> None:
        content = "\n".join(map(json.dumps, rows)).encode()
        files.put(uris.parse(ROWS), BytesIO(content), by=alice)
        setting.put(algorithm, Wanted(rows=ROWS, **demands), by=alice)

    return put


def built(algorithm: Algorithm, models: Models, answer: Callable[[Any], Any]) -> Build:
    build: Build = BuildFactory.create(algorithm=algorithm)
    models[build.pk] = answer
    return build


def test_mean_absolute_error_is_better_when_it_is_smaller(
    algorithm: Algorithm, alice: Actor, models: Models, gate: Callable[..., None]
) -> None:
    gate(metric="mae", bound=2.0)
    built(algorithm, models, lambda number: number / 2 + 1)
    publish(algorithm, by=alice)

    built(algorithm, models, lambda number: number / 2 + 0.25)
    second = publish(algorithm, by=alice)

    evaluation = Evaluation.objects.get(version=second)
    assert (evaluation.score, evaluation.champion_score) == (0.25, 1.0)
    assert (evaluation.difference, evaluation.low, evaluation.high) == (0.75, 0.75, 0.75)


def test_row_without_a_number_is_no_small_error(
    algorithm: Algorithm, alice: Actor, models: Models, gate: Callable[..., None]
) -> None:
    gate(metric="mae")
    build = built(algorithm, models, lambda number: number / 2 if number else 1 / 0)

    with pytest.raises(Refused, match="One row was not answered with a number"):
        publish(algorithm, by=alice)

    evaluation = Evaluation.objects.get(build=build)
    assert (evaluation.has_passed, evaluation.version, evaluation.failed_rows) == (False, None, 1)
    assert not algorithm.versions.exists()


@pytest.mark.parametrize(
    ("demands", "problem"),
    [
        ({"most_ms": 10}, "It takes 20.0 ms for 95 of 100 rows; 10 ms are allowed."),
        ({"most_micros": 20}, "A row costs "),
        ({"bound": 0.95}, "Its score is 0.9; 0.95 at least is asked for."),
    ],
)
def test_bounds_hold_for_the_first_version_too(
    algorithm: Algorithm,
    alice: Actor,
    models: Models,
    gate: Callable[..., None],
    demands: dict[str, Any],
    problem: str,
) -> None:
    gate(**demands)
    built(algorithm, models, lambda number: number / 2 if number else "wrong")

    with pytest.raises(Refused, match=problem):
        publish(algorithm, by=alice)

    assert not algorithm.versions.exists()


def test_not_worse_lets_an_equal_model_through_and_better_does_not(
    algorithm: Algorithm, alice: Actor, models: Models, gate: Callable[..., None]
) -> None:
    gate(rule="not_worse")
    built(algorithm, models, lambda number: number / 2)
    publish(algorithm, by=alice)
    built(algorithm, models, lambda number: number / 2)
    assert str(publish(algorithm, by=alice).number) == "0.2.0"
    gate(rule="better")
    built(algorithm, models, lambda number: number / 2)

    with pytest.raises(Refused, match="not better than the champion"):
        publish(algorithm, by=alice)

    assert algorithm.versions.count() == 2


def test_evaluator_gives_each_answer_a_number(
    algorithm: Algorithm, alice: Actor, models: Models, gate: Callable[..., None]
) -> None:
    judge = AlgorithmFactory.create(owner=algorithm.owner, name="Judge")
    built(judge, models, lambda row: 1 - abs(row["expected"] - row["output"]) / 10)
    publish(judge, by=alice, callability="public")
    gate(metric="evaluator", evaluator="alice/Judge/0.1.0")
    built(algorithm, models, lambda number: number / 2 + 1)

    version = publish(algorithm, by=alice)

    assert Evaluation.objects.get(version=version).score == pytest.approx(0.9)


def test_models_are_asked_without_network_and_without_other_algorithms(
    algorithm: Algorithm,
    alice: Actor,
    models: Models,
    gate: Callable[..., None],
    asked: list[Target],
) -> None:
    gate()
    built(algorithm, models, lambda number: number / 2)

    publish(algorithm, by=alice, network_access="full", may_call_others=True)

    assert len(asked) == 10
    assert {(one.spec.network, one.may_call_others) for one in asked} == {(Network.ISOLATED, False)}


def test_stranger_neither_sets_nor_sees_a_gate(
    algorithm: Algorithm, alice: Actor, mallory: Actor, gate: Callable[..., None]
) -> None:
    gate()

    with pytest.raises(NotAllowed):
        setting.remove(algorithm, by=mallory)
    with pytest.raises(NotAllowed):
        setting.of(algorithm, by=mallory)

    assert setting.of(algorithm, by=alice) is not None


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (HALVES[:4], "has 4 rows; a gate takes 5 to 5000"),
        ([{"input": 1}] * 5, "Row 1 of data://alice/judging/rows.jsonl is an object with input"),
    ],
)
def test_rows_that_cannot_be_asked_are_refused_with_the_reason(
    gate: Callable[..., None], algorithm: Algorithm, rows: list[dict[str, Any]], problem: str
) -> None:
    with pytest.raises(BadInput, match=problem):
        gate(rows)

    assert not hasattr(Algorithm.objects.get(pk=algorithm.pk), "gate")


def test_champion_is_the_newest_version_for_everyone(
    algorithm: Algorithm, alice: Actor, models: Models
) -> None:
    built(algorithm, models, str)
    public = publish(algorithm, by=alice, callability="public")
    built(algorithm, models, str)
    publish(algorithm, by=alice, callability="private")

    assert judging.champion_of(algorithm) == public


def test_pages_set_the_gate_and_show_why_a_build_was_refused(
    algorithm: Algorithm, alice: Actor, models: Models, gate: Callable[..., None], client: Client
) -> None:
    gate(rule="none")
    built(algorithm, models, lambda number: number / 3)
    client.force_login(User.objects.get(owner=alice.owner_id))
    place = f"/algorithms/alice/{algorithm.name}"
    demands = {"rows": ROWS, "metric": "accuracy", "rule": "none", "confidence": 95, "bound": "0.5"}

    kept = client.post(f"{place}/gate/", demands)
    asked = client.post(f"{place}/publish/", {"callability": "private", "accepts_terms": "on"})
    [row] = Publication.objects.all()
    waiting = client.get(asked["Location"])
    again = client.post(f"{place}/publish/", {"callability": "private", "accepts_terms": "on"})
    publications.run(str(row.pk))
    publications.run(str(row.pk))
    refused = client.get(asked["Location"])
    told = client.get(asked["Location"], headers={"Accept": "application/json"}).json()
    shown = client.get(f"{place}/gate/")

    assert (kept.status_code, kept["Location"]) == (302, f"{place}/gate/")
    assert asked["Location"] == f"{place}/publish/{row.pk}/"
    assert "<live-state" in waiting.content.decode()
    assert again.status_code == 400
    assert "A build is at the gate already" in again.content.decode()
    assert "Its score is 0.1; 0.5 at least is asked for." in refused.content.decode()
    assert (told["state"], told["done"], told["total"]) == ("refused", 10, 10)
    assert not algorithm.versions.exists()
    assert "Its score is 0.1; 0.5 at least is asked for." in shown.content.decode()
    assert shown.content.decode().count('<td><span class="badge" data-kind="error">') == 1


def test_publish_that_was_told_to_be_lost_stops_and_publishes_nothing(
    algorithm: Algorithm, alice: Actor, models: Models, gate: Callable[..., None]
) -> None:
    gate(metric="mae", bound=5.0)
    heard: list[int] = []

    def answer(number: Any) -> Any:
        heard.append(Publication.objects.get().done)
        if number == 2:
            long_ago = timezone.now() - works.SILENT - timedelta(minutes=1)
            Publication.objects.update(heartbeat_at=long_ago)
            publications.recover()
        return number / 2

    built(algorithm, models, answer)
    row = publications.start(algorithm, by=alice)

    publications.run(str(row.pk))

    row.refresh_from_db()
    assert (row.state, row.version) == ("failed", None)
    assert row.error.startswith("The site was restarted meanwhile.")
    assert heard == [0, 1, 2]
    assert not algorithm.versions.exists()


def test_strangers_see_scores_of_published_versions_and_no_gate(
    algorithm: Algorithm, alice: Actor, models: Models, gate: Callable[..., None], client: Client
) -> None:
    gate()
    built(algorithm, models, lambda number: number / 2)
    publish(algorithm, by=alice, callability="public")
    place = f"/algorithms/alice/{algorithm.name}"

    versions = client.get(f"{place}/versions/").content.decode()
    hidden = client.get(f"{place}/gate/")

    assert "Accuracy by version" in versions
    assert ROWS not in versions
    assert hidden.status_code == 403 or hidden["Location"].startswith("/sign_in/")
