"""What became of builds whose worker or whose message was lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from algorithms import build_logs, builds
from algorithms.models import Algorithm, Build
from marketplace.accounts.actors import Actor
from tests.algorithms.building.making import started

pytestmark = pytest.mark.django_db(transaction=True)


def test_build_of_a_dead_worker_is_queued_again(
    algorithm: Algorithm, alice: Actor, queued: list[str]
) -> None:
    build = started(algorithm, alice)
    long_ago = timezone.now() - timedelta(minutes=1)
    Build.objects.update(state=Build.State.RUNNING, heartbeat_at=long_ago, attempts=1)
    queued.clear()

    builds.recover()

    build.refresh_from_db()
    assert build.state == Build.State.QUEUED
    assert queued == [str(build.pk)]
    assert "the build starts again" in build_logs.whole(build.pk)


def test_build_that_kills_its_workers_is_given_up(
    algorithm: Algorithm, alice: Actor, queued: list[str]
) -> None:
    build = started(algorithm, alice)
    long_ago = timezone.now() - timedelta(minutes=1)
    Build.objects.update(
        state=Build.State.RUNNING, heartbeat_at=long_ago, attempts=builds.MAX_ATTEMPTS
    )
    queued.clear()

    builds.recover()

    build.refresh_from_db()
    assert build.state == Build.State.FAULT
    assert "died 3 times" in build.error
    assert queued == []


def test_lost_message_is_sent_again_but_not_at_every_look(
    algorithm: Algorithm, alice: Actor, queued: list[str]
) -> None:
    build = started(algorithm, alice)
    queued.clear()

    builds.recover()
    builds.recover()

    assert queued == [str(build.pk)]


def test_living_worker_is_left_alone(algorithm: Algorithm, alice: Actor, queued: list[str]) -> None:
    build = started(algorithm, alice)
    Build.objects.update(state=Build.State.RUNNING, heartbeat_at=timezone.now(), attempts=1)
    queued.clear()

    builds.recover()

    build.refresh_from_db()
    assert build.state == Build.State.RUNNING
    assert queued == []


def test_broker_that_is_away_loses_no_build(
    algorithm: Algorithm, alice: Actor, monkeypatch: pytest.MonkeyPatch, queued: list[str]
) -> None:
    def refuse(_ids: tuple[str], **_: str) -> None:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(builds.run, "apply_async", refuse)
        build = started(algorithm, alice)
    builds.recover()

    assert queued == [str(build.pk)]
