"""Whose sandboxes calls go to, who is admitted, and what is written down, without a sandbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from algorithms import gateway
from algorithms.gateway import Ask
from algorithms.journal import Begun, Ended
from algorithms.resolving import Target
from algorithms.visitors import VISITOR, payer
from marketplace.accounts import run_tokens
from marketplace.accounts.actors import Actor
from marketplace.accounts.scopes import Scope
from marketplace.lib.errors import TooMany
from runners import host
from runners.specs import Failure, Invocation, Kind, Outcome, RunSpec

CALLER = Actor(owner_id=uuid4(), name="bob", scopes=frozenset({Scope.CALL}))
HELLO = Outcome(kind=Kind.JSON, body=b'"hello"')


class Notebook:
    """A journal that only remembers, and whose disk can be full."""

    def __init__(self) -> None:
        self.begun: list[Begun] = []
        self.ended: list[Ended] = []
        self.is_full = False

    def begin(self, call: Begun) -> None:
        if self.is_full:
            raise OSError("no space left")
        self.begun.append(call)

    def end(self, call: Ended) -> None:
        self.ended.append(call)


@pytest.fixture(autouse=True)
def free(settings: Any) -> None:
    """What is set aside for calls is tried elsewhere (tests/billing)."""
    settings.CPU_RATE = 0


@pytest.fixture(autouse=True)
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    notebook = Notebook()
    monkeypatch.setattr(gateway._Opened, "journal", notebook)
    return notebook


@pytest.fixture
def invocations(monkeypatch: pytest.MonkeyPatch) -> list[Invocation]:
    """What reached the runners, which answer everything with a greeting."""
    return run_as(monkeypatch, lambda: HELLO)


def run_as(monkeypatch: pytest.MonkeyPatch, outcome: Callable[[], Outcome]) -> list[Invocation]:
    seen: list[Invocation] = []

    async def run(spec: RunSpec, invocation: Invocation, _talk: object = None) -> Outcome:
        seen.append(invocation)
        return outcome()

    monkeypatch.setattr(host, "run", run)
    return seen


def target(**changes: bool) -> Target:
    return Target(
        algorithm_id=uuid4(),
        algorithm_owner_id=uuid4(),
        path="alice/Hello",
        version_id=uuid4(),
        build_id=uuid4(),
        label="1.0.0",
        spec=RunSpec("alice/Hello", "src.Hello"),
        may_call_others=changes.get("may_call_others", False),
        royalty_microcredits=0,
        is_open_source=False,
    )


def ask(payer: str = "") -> Ask:
    return Ask(kind=Kind.JSON, body=b"1", timeout=10, payer=payer)


async def test_what_is_called_for_a_visitor_runs_in_that_visitors_sandboxes(
    invocations: list[Invocation],
) -> None:
    visitor = payer("192.0.2.7")
    await gateway.call(target(may_call_others=True), by=VISITOR, ask=ask(visitor))
    inside = run_tokens.read(invocations[0].token())

    await gateway.call(target(), by=inside, ask=ask(payer("")))

    assert [call.payer for call in invocations] == [visitor, visitor]


async def test_what_is_called_for_an_account_runs_in_its_sandboxes_whatever_is_asked(
    invocations: list[Invocation],
) -> None:
    await gateway.call(target(may_call_others=True), by=CALLER, ask=ask())
    inside = run_tokens.read(invocations[0].token())

    await gateway.call(target(), by=inside, ask=ask(payer("192.0.2.7")))

    assert invocations[0].payer == invocations[1].payer != ""


async def test_call_that_cannot_be_written_down_takes_up_no_place(
    invocations: list[Invocation], notebook: Notebook, settings: Any
) -> None:
    settings.CALLS_PER_ACCOUNT = 1
    notebook.is_full = True
    for _ in range(2):
        with pytest.raises(OSError, match="no space left"):
            await gateway.call(target(), by=CALLER, ask=ask())
    notebook.is_full = False

    answer = await gateway.call(target(), by=CALLER, ask=ask())

    assert answer.outcome == HELLO
    assert len(invocations) == 1


async def test_account_with_all_its_calls_running_is_told_so(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.CALLS_PER_ACCOUNT = 0

    with pytest.raises(TooMany, match="Nothing was charged"):
        await gateway.call(target(), by=CALLER, ask=ask())


async def test_error_that_a_hostile_guest_names_is_written_as_every_database_takes_it(
    monkeypatch: pytest.MonkeyPatch, notebook: Notebook
) -> None:
    run_as(monkeypatch, lambda: Outcome(failure=Failure("no\0thing" * 200, "Bad\0" * 30)))

    await gateway.call(target(), by=CALLER, ask=ask())

    [ended] = notebook.ended
    assert "\0" not in ended.error_type + ended.error_message
    assert (len(ended.error_type), len(ended.error_message)) == (60, 500)
