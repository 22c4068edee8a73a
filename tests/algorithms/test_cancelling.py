"""A call that its caller ends: what is answered, recorded and charged, and who may ask for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from algorithms import charging, gateway, later, live_calls
from algorithms.gateway import Answer, Ask
from algorithms.journal import Begun, Ended
from algorithms.models import CallRequest
from algorithms.resolving import Target, of_version_row
from billing import given_time
from marketplace.accounts.actors import Actor
from marketplace.accounts.scopes import Scope
from marketplace.lib import live
from marketplace.lib.errors import Conflict, NotFound
from runners import host
from runners.specs import Invocation, Kind, Outcome, Phase, RunSpec
from tests.factories import VersionFactory
from tests.ledgers import give

pytestmark = pytest.mark.django_db(transaction=True)

SECOND = 1_000_000
VOID = Ask(kind=Kind.JSON, body=b"1", timeout=300)


class Notebook:
    """A journal that only remembers."""

    def __init__(self) -> None:
        self.begun: list[Begun] = []
        self.ended: list[Ended] = []

    def begin(self, call: Begun) -> None:
        self.begun.append(call)

    def end(self, call: Ended) -> None:
        self.ended.append(call)


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Notebook]:
    settings.FREE_FAILING_SECONDS = 10
    given_time.forget_all()
    notebook = Notebook()
    monkeypatch.setattr(gateway._Opened, "journal", notebook)
    charging.open_till(uuid4())
    yield notebook
    charging.close_till()
    charging.forget_till()
    given_time.forget_all()


@pytest.fixture
def target() -> Target:
    return of_version_row(VersionFactory.create(royalty_microcredits=5_000_000))


def cancelled(monkeypatch: pytest.MonkeyPatch, target: Target, by: Actor) -> Answer:
    """Begin a call that would never end, and end it under the name it is followed by."""
    name = live_calls.of_page(uuid4().hex)

    async def story() -> Answer:
        live.serve_on(asyncio.get_running_loop())
        runs = asyncio.Event()

        async def run(spec: RunSpec, invocation: Invocation, _talk: object = None) -> Outcome:
            assert invocation.tell is not None
            invocation.tell(Phase.RUNNING)
            runs.set()
            await asyncio.Event().wait()
            raise AssertionError

        monkeypatch.setattr(host, "run", run)
        ask = replace(VOID, watch=name)
        task = asyncio.ensure_future(gateway.call(target, by=by, ask=ask))
        await runs.wait()
        live_calls.cancel(name)
        try:
            return await asyncio.wait_for(task, 60)
        finally:
            live.serve_on(None)

    return asyncio.run(story())


def test_a_cancelled_call_is_answered_recorded_as_such_and_free(
    monkeypatch: pytest.MonkeyPatch, target: Target, bob: Actor, notebook: Notebook
) -> None:
    give(bob.owner_id, SECOND)

    answer = cancelled(monkeypatch, target, bob)

    failure = answer.outcome.failure
    assert failure is not None
    assert (failure.error_type, failure.is_cancelled) == ("Cancelled", True)
    assert failure.message.endswith("seconds. Nothing was charged.")
    assert answer.cost is not None
    assert answer.cost.total == 0
    [record] = notebook.ended
    assert (record.result, record.price_microcredits) == ("cancelled", 0)
    assert record.run_us > 0
    assert record.charge is not None
    assert record.charge.outcome == "cancelled"


def test_beyond_the_free_time_a_cancelled_call_pays_its_computing_once_and_says_so(
    monkeypatch: pytest.MonkeyPatch, target: Target, bob: Actor, notebook: Notebook
) -> None:
    give(bob.owner_id, SECOND)
    given_time.take(bob.owner_id or uuid4(), 10 * SECOND)

    answer = cancelled(monkeypatch, target, bob)

    assert answer.outcome.failure is not None
    assert "its computing was charged, no royalty" in answer.outcome.failure.message
    [record] = notebook.ended
    assert record.charge is not None
    assert (record.charge.outcome, record.charge.royalty) == ("overdrawn", 0)
    assert answer.cost is not None
    assert answer.cost.total == record.charge.total > 0


def accepted(target: Target, by: Actor, monkeypatch: pytest.MonkeyPatch) -> CallRequest:
    monkeypatch.setattr(later.run, "delay", lambda _: None)
    return later.accept(target, by=by, ask=VOID)


def test_only_its_caller_and_the_staff_may_cancel_a_call_that_waits(
    monkeypatch: pytest.MonkeyPatch, target: Target, bob: Actor, mallory: Actor
) -> None:
    request, other = (accepted(target, bob, monkeypatch) for _ in range(2))

    with pytest.raises(NotFound):
        later.cancel(request.pk, by=mallory)
    assert CallRequest.objects.get(pk=request.pk).state == "queued"
    first = later.cancel(request.pk, by=bob)
    again = later.cancel(request.pk, by=bob)
    by_staff = later.cancel(other.pk, by=replace(mallory, scopes=frozenset({Scope.ADMIN})))

    assert [one.state for one in (first, again, by_staff)] == ["cancelled"] * 3
    assert first.finished_at == again.finished_at
    _, outcome = later.fetch(request.pk, by=bob)
    assert outcome is not None
    assert outcome.failure is not None
    assert outcome.failure.message == "The call was cancelled before it ran. Nothing was charged."


def test_a_call_asked_to_end_is_not_begun_again_and_an_ended_one_cannot_be_cancelled(
    monkeypatch: pytest.MonkeyPatch, target: Target, bob: Actor
) -> None:
    lost, done = (accepted(target, bob, monkeypatch) for _ in range(2))
    ran: list[object] = []

    def call_now(target: Target, *, by: Actor, ask: Ask) -> Answer:
        ran.append(ask.call_id)
        return Answer(uuid4(), target, Outcome(kind=Kind.JSON, body=b"1"), 5)

    monkeypatch.setattr(gateway, "call_now", call_now)
    later.run(str(done.pk))
    CallRequest.objects.filter(pk=lost.pk).update(state="running", attempts=1)
    asked = later.cancel(lost.pk, by=bob)
    CallRequest.objects.filter(pk=lost.pk).update(state="queued")
    later.run(str(lost.pk))

    assert (asked.state, asked.cancel_asked_at is None) == ("running", False)
    assert CallRequest.objects.get(pk=lost.pk).state == "cancelled"
    assert ran == [done.pk]
    with pytest.raises(Conflict):
        later.cancel(done.pk, by=bob)
