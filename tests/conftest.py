"""What tests of several parts ask for.

The people they know: alice writes, bob calls, mallory has no business here. And a Docker Engine.
"""

from __future__ import annotations

from collections.abc import Iterator

import hypothesis
import pytest
from django.db import connection
from django.db.backends.base.operations import BaseDatabaseOperations
from django.utils import translation
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from pytest_django import DjangoDbBlocker

from marketplace.accounts import actors
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.celery import app
from tests import ledgers
from tests.factories import OwnerFactory
from tests.runners.backends import engine

hypothesis.settings.register_profile(
    "shared machine",  # which now and then takes a second for what else takes a millisecond
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("shared machine")
for _name in ("connect", "read", "write", "pool"):  # five seconds each, which it now and then takes
    setattr(DEFAULT_TIMEOUT_CONFIG, _name, 60.0)


def _person(name: str) -> Actor:
    owner: Owner = OwnerFactory.create(name=name)
    assert owner.user is not None
    return actors.of_user(owner.user)


@pytest.fixture(autouse=True)
def _speaks_english() -> Iterator[None]:
    """A page that a test asks for in another language leaves its thread in that language."""
    with translation.override("en"):
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The test database, from which connections that threads have left open are ended.

    PostgreSQL removes no database that somebody is connected to. The books, which the product
    only ever adds to, are emptied with the rest between tests.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", ledgers.flush_books_too)
        yield
    with django_db_blocker.unblock():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )


@pytest.fixture
def alice(db: None) -> Actor:
    return _person("alice")


@pytest.fixture
def bob(db: None) -> Actor:
    return _person("bob")


@pytest.fixture
def mallory(db: None) -> Actor:
    return _person("mallory")


@pytest.fixture
def tasks_run_at_once() -> Iterator[None]:
    """What is queued runs where it is queued; otherwise tests call tasks by themselves."""
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


@pytest.fixture(scope="session")
def docker_host(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """The address of an engine that all workers of this test session share."""
    folder = tmp_path_factory.getbasetemp()
    with engine.shared(folder if worker_id == "master" else folder.parent) as address:
        yield address
