"""Who may ask for builds, and for how many."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytest_django import Settings

from algorithms import builds
from algorithms.models import Algorithm, Build
from marketplace.accounts import actors
from marketplace.accounts.actors import Actor
from marketplace.accounts.scopes import Scope
from marketplace.lib.errors import NotAllowed, NotFound, TooMany, Unavailable
from runners.models import Environment
from tests.algorithms.building.making import started

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("who", ["stranger", "key without management", "executor"])
def test_stranger_is_refused_and_nothing_is_built(
    algorithm: Algorithm, alice: Actor, mallory: Actor, queued: list[str], who: str
) -> None:
    asking = {
        "stranger": mallory,
        "key without management": replace(alice, scopes=frozenset({Scope.CALL})),
        "executor": replace(mallory, executes_for=frozenset({algorithm.owner_id})),
    }[who]

    with pytest.raises(NotAllowed):
        builds.start(algorithm, by=asking)

    assert not Build.objects.exists()
    assert queued == []


def test_unknown_commit_and_absent_environment_start_nothing(
    algorithm: Algorithm, alice: Actor
) -> None:
    with pytest.raises(NotFound):
        builds.start(algorithm, by=alice, commit="0" * 40)
    Environment.objects.update(is_present=False)
    algorithm.environment.refresh_from_db()
    with pytest.raises(Unavailable, match="No runner here"):
        builds.start(algorithm, by=alice)

    assert not Build.objects.exists()


def test_one_owner_cannot_fill_the_queue(
    algorithm: Algorithm, alice: Actor, settings: Settings
) -> None:
    settings.BUILDS_PER_ACCOUNT = 2
    for _ in range(2):
        started(algorithm, alice)

    with pytest.raises(TooMany, match="builds waiting"):
        started(algorithm, alice)

    assert Build.objects.count() == 2


def test_nobody_builds_without_an_account(algorithm: Algorithm) -> None:
    with pytest.raises(Exception, match="Sign in"):
        builds.start(algorithm, by=actors.ANONYMOUS)
