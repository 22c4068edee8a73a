"""People of the moderation tests: two of the staff, an author with an algorithm, a caller."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client

from algorithms.models import Algorithm, Version
from marketplace.accounts.models import Owner, User
from tests.factories import AlgorithmFactory, BuildFactory, OwnerFactory, VersionFactory


@pytest.fixture(autouse=True)
def _fresh_counts() -> Iterator[None]:
    """What one test has counted or set must not hold for the next."""
    cache.clear()
    yield
    cache.clear()


def signed_in(name: str, *, is_staff: bool = False) -> Client:
    """A browser in which this person, made if need be, is signed in."""
    if not Owner.objects.filter(name=name).exists():
        OwnerFactory.create(name=name)
    User.objects.filter(username=name).update(is_staff=is_staff)
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def publish(algorithm: Algorithm, number: str = "1.0.0", **values: object) -> Version:
    """A public version, as publishing leaves it behind."""
    major, minor, revision = map(int, number.split("."))
    build = BuildFactory.create(algorithm=algorithm)
    made: Version = VersionFactory.create(
        build=build,
        major=major,
        minor=minor,
        revision=revision,
        callability=Version.Callability.PUBLIC,
        **values,
    )
    Algorithm.objects.filter(pk=algorithm.pk).update(is_public=True)
    algorithm.refresh_from_db()
    return made


@pytest.fixture
def staff(db: None) -> Client:
    return signed_in("stella", is_staff=True)


@pytest.fixture
def other_staff(db: None) -> Client:
    return signed_in("sam", is_staff=True)


@pytest.fixture
def author(db: None) -> Client:
    return signed_in("anna")


@pytest.fixture
def caller(db: None) -> Client:
    return signed_in("carl")


@pytest.fixture
def algorithm(author: Client) -> Algorithm:
    owner = Owner.objects.get(name="anna")
    made: Algorithm = AlgorithmFactory.create(owner=owner, name="Summarize", readme="# Short")
    return made
