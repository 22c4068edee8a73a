"""Services on a runner whose database goes away: they stay, are billed once, and let go of all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime

import pytest
from celery import current_app
from django.db import OperationalError, connection

from algorithms.models import Algorithm
from billing import kept_time
from billing.kept_time import Kept
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner, User
from projects import keeping, launching
from projects.models import Launch, Project, Service
from runners import host
from tests import ledgers
from tests.factories import AlgorithmFactory, BuildFactory, VersionFactory


class Sandboxes:
    """What a runner would keep; it looks whether its callers sit on a connection meanwhile."""

    def __init__(self) -> None:
        self.connections: list[object] = []
        self.released: list[str] = []
        self.seen = threading.Event()

    def keep(self, *_: object) -> None:
        self.connections.append(connection.connection)

    def kept(self, _name: str) -> host.Kept:
        self.connections.append(connection.connection)
        if len(self.connections) > 5:
            self.seen.set()
        return host.Kept(0)

    def release(self, name: str) -> None:
        self.released.append(name)


@pytest.fixture
def sandboxes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandboxes]:
    made = Sandboxes()
    monkeypatch.setattr(current_app, "send_task", lambda *_, **__: None)
    for name in ("keep", "kept", "release"):
        monkeypatch.setattr(host, name, getattr(made, name))
    monkeypatch.setattr(keeping, "WATCH_SECONDS", 0.01)
    monkeypatch.setattr(keeping, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr(keeping, "STORE_PAUSES", (0.0, 0.0))
    yield made
    keeping.stop()


@pytest.fixture
def launch(alice: Actor) -> Launch:
    """A service of alice's on its way online, and credit for days."""
    ledgers.give(alice.owner_id, 50_000_000)
    owner = Owner.objects.get(pk=alice.owner_id or "")
    algorithm: Algorithm = AlgorithmFactory.create(owner=owner, name="Reader", is_public=True)
    build = BuildFactory.create(algorithm=algorithm, contract="service", interface={})
    version = VersionFactory.create(build=build, callability="public")
    project = Project.objects.create(owner=owner, name="lab")
    service = Service.objects.create(
        owner=owner,
        project=project,
        group=project.groups.create(name="models"),
        name="reader",
        algorithm=algorithm,
        version=version,
        port=9100,
    )
    made: Launch = service.launches.create(
        number=1,
        state=Launch.State.STARTING,
        build=build,
        version=version,
        port=9100,
        started_by=User.objects.get(pk=alice.user_id or 0),
        rate=1_000_000,
        scopes=sorted(alice.scopes),
    )
    return made


def _wait_until_nothing_is_kept() -> None:
    for keeper in list(keeping._Stopping.keepers):
        keeper.join()
    assert keeping._Stopping.keepers == set()


@pytest.mark.django_db(transaction=True)
def test_moment_without_a_database_is_billed_afterwards_and_ends_no_service(
    launch: Launch, sandboxes: Sandboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "PAY_SECONDS", 0.05)
    charge, asked, is_paid = kept_time.charge, list[int](), threading.Event()

    def away(kept: Kept, milliseconds: int, *, at: datetime) -> int:
        asked.append(milliseconds)
        if len(asked) < 3:
            raise OperationalError("database is locked")
        if len(asked) == 4:
            is_paid.set()
        return charge(kept, milliseconds, at=at)

    monkeypatch.setattr(kept_time, "charge", away)

    keeping.bring_up(str(launch.pk))
    assert is_paid.wait(20)
    launch.refresh_from_db()
    state = launch.state
    launching.end(launch, Launch.State.OFFLINE, "Enough.")
    _wait_until_nothing_is_kept()

    launch.refresh_from_db()
    assert (state, launch.state, launch.reason) == ("online", "offline", "Enough.")
    assert asked[0] < asked[1] < asked[2]
    assert launch.kept_ms == sum(asked[2:])


@pytest.mark.django_db(transaction=True)
def test_service_that_waits_holds_no_connection(launch: Launch, sandboxes: Sandboxes) -> None:
    keeping.bring_up(str(launch.pk))
    assert sandboxes.seen.wait(20)
    launching.end(launch, Launch.State.OFFLINE, "Enough.")
    _wait_until_nothing_is_kept()

    assert set(sandboxes.connections) == {None}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [OperationalError("server closed"), ValueError("a bug")])
def test_keeper_lets_go_of_all_although_its_end_cannot_be_written(
    launch: Launch, sandboxes: Sandboxes, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    tries: list[str] = []

    def away(*_: object) -> bool:
        tries.append("end")
        raise OperationalError("server closed the connection unexpectedly")

    def keep(*_: object) -> None:
        raise error

    monkeypatch.setattr(keeping, "PLACE_SECONDS", 0.0)
    monkeypatch.setattr(launching, "end", away)
    monkeypatch.setattr(host, "keep", keep)

    keeping.bring_up(str(launch.pk))
    _wait_until_nothing_is_kept()

    launch.refresh_from_db()
    assert sandboxes.released == [f"{launch.pk.hex}-1"]
    assert (launch.state, launch.heartbeat_at is None) == ("starting", False)
    assert len(tries) == (3 if isinstance(error, ValueError) else 0)
