"""The people everyone's tests know: alice writes, bob calls, mallory has no business here."""

from __future__ import annotations

import pytest

from marketplace.accounts import actors
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from tests.factories import OwnerFactory


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
