"""What tests of several parts ask for.

The people they know: alice writes, bob calls, mallory has no business here. And a Docker Engine.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from marketplace.accounts import actors
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from tests.factories import OwnerFactory
from tests.runners.backends import engine


def _person(name: str) -> Actor:
    owner: Owner = OwnerFactory.create(name=name)
    assert owner.user is not None
    return actors.of_user(owner.user)


@pytest.fixture
def alice(db: None) -> Actor:
    return _person("alice")


@pytest.fixture
def bob(db: None) -> Actor:
    return _person("bob")


@pytest.fixture
def mallory(db: None) -> Actor:
    return _person("mallory")


@pytest.fixture(scope="session")
def docker_host(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """The address of an engine that all workers of this test session share."""
    folder = tmp_path_factory.getbasetemp()
    with engine.shared(folder if worker_id == "master" else folder.parent) as address:
        yield address
