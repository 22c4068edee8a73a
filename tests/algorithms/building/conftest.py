"""An algorithm whose builds nobody takes by themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import LazySettings

from algorithms import authoring, builds
from algorithms.models import Algorithm
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from runners import builder
from tests.algorithms.building.making import Lines
from tests.factories import EnvironmentFactory


@pytest.fixture(autouse=True)
def _data_folder(settings: LazySettings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture(autouse=True)
def queued(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of builds for which a message was sent; nobody takes them by itself."""
    sent: list[str] = []
    monkeypatch.setattr(builds.run, "apply_async", lambda ids, **_: sent.extend(ids))
    return sent


@pytest.fixture
def algorithm(alice: Actor) -> Algorithm:
    owner = Owner.objects.get(name="alice")
    environment = EnvironmentFactory.create()
    return authoring.create(owner, by=alice, name="Hello", environment=environment)


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put another builder in place of the real one."""

    def replaced(work: Callable[..., Lines]) -> None:
        monkeypatch.setattr(builder, "build", work)

    return replaced
