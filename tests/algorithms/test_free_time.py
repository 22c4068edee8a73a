"""Failed calls are free, within what an account may fail for a day; sandboxes are faked here."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from algorithms import charging, gateway
from algorithms.gateway import Answer, Ask
from algorithms.journal import Ended
from algorithms.resolving import Target, of_version_row
from billing import given_time
from billing.models import GivenTime, Limit
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import PaymentRequired
from runners import host
from runners.relay import CALLER_LEFT
from runners.specs import Failure, Invocation, Kind, Outcome, Phase, RunSpec, Timings
from tests.factories import VersionFactory
from tests.ledgers import give

pytestmark = pytest.mark.django_db(transaction=True)

ROYALTY = 5_000_000
SECOND = 1_000_000
A_SECOND_COSTS = 100


class Notebook:
    """A journal that only remembers."""

    def __init__(self) -> None:
        self.ended: list[Ended] = []

    def begin(self, _call: object) -> None:
        pass

    def end(self, call: Ended) -> None:
        self.ended.append(call)


@pytest.fixture(autouse=True)
def notebook(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Notebook]:
    settings.FREE_FAILING_SECONDS = 10
    settings.FREE_CREDITS_PER_MONTH = 0
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
    return of_version_row(VersionFactory.create(royalty_microcredits=ROYALTY))


def ran(monkeypatch: pytest.MonkeyPatch, *outcomes: Outcome) -> None:
    """What the sandbox answers, one after the other."""
    left = iter(outcomes)

    async def run(spec: RunSpec, invocation: Invocation, _talk: object = None) -> Outcome:
        return next(left)

    monkeypatch.setattr(host, "run", run)


def ended(seconds: float, failure: Failure | None = None) -> Outcome:
    timings = Timings(run=int(seconds * SECOND))
    return Outcome(kind=Kind.JSON, body=b"1", failure=failure, timings=timings)


def failed(seconds: float) -> Outcome:
    return ended(seconds, Failure("Bad input.", "ValueError"))


def fault(seconds: float) -> Outcome:
    return ended(seconds, Failure("Gone.", "SystemError", is_platform_fault=True))


def ask(*, is_trial: bool = False) -> Ask:
    return Ask(kind=Kind.JSON, body=b"1", timeout=300, is_trial=is_trial)


async def call_often(
    target: Target, by: Actor, number: int, *, is_trial: bool = False
) -> list[tuple[int, int]]:
    """Call one after the other; give what each has cost: compute and royalty."""
    costs = []
    for _ in range(number):
        answer: Answer = await gateway.call(target, by=by, ask=ask(is_trial=is_trial))
        assert answer.cost is not None
        costs.append((answer.cost.compute, answer.cost.royalty))
    return costs


def test_failures_beyond_the_free_time_pay_their_time_and_no_royalty(
    target: Target, bob: Actor, notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(bob.owner_id, SECOND)
    ran(monkeypatch, failed(8), failed(4), fault(60), failed(3), ended(5), failed(6), failed(0.5))

    costs = asyncio.run(call_often(target, bob, 7))

    assert costs == [
        (0, 0),
        (2 * A_SECOND_COSTS, 0),
        (0, 0),
        (3 * A_SECOND_COSTS, 0),
        (5 * A_SECOND_COSTS, 500),
        (6 * A_SECOND_COSTS, 0),
        (A_SECOND_COSTS // 2, 0),
    ]
    outcomes = [one.charge.outcome for one in notebook.ended if one.charge]
    assert outcomes[:4] == ["failed", "overdrawn", "failed", "overdrawn"]
    assert GivenTime.objects.get(owner__name="bob").given_us >= 15 * SECOND


def test_as_long_as_was_paid_for_may_fail_besides(
    target: Target, bob: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(bob.owner_id, SECOND)
    ran(monkeypatch, ended(50), failed(55), failed(10))

    costs = asyncio.run(call_often(target, bob, 3))

    assert [compute for compute, _ in costs] == [50 * A_SECOND_COSTS, 0, 5 * A_SECOND_COSTS]


def test_trials_are_free_as_long_as_the_free_time_lasts_and_need_credit_then(
    target: Target, bob: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran(monkeypatch, ended(9), ended(2), ended(3))

    free = asyncio.run(call_often(target, bob, 2, is_trial=True))
    with pytest.raises(PaymentRequired):
        asyncio.run(call_often(target, bob, 1, is_trial=True))

    assert free == [(0, 0), (0, 0)]


@pytest.mark.parametrize(
    ("word", "is_billed"), [((CALLER_LEFT,), True), ((), False)], ids=["caller", "server"]
)
def test_caller_who_goes_away_beyond_the_free_time_pays_and_not_when_the_site_ends(
    target: Target,
    bob: Actor,
    notebook: Notebook,
    monkeypatch: pytest.MonkeyPatch,
    word: tuple[str, ...],
    is_billed: bool,
) -> None:
    give(bob.owner_id, SECOND)
    given_time.take(bob.owner_id or uuid4(), 10 * SECOND)

    async def leave() -> None:
        runs = asyncio.Event()

        async def run(spec: RunSpec, invocation: Invocation, _talk: object = None) -> Outcome:
            assert invocation.tell is not None
            invocation.tell(Phase.RUNNING)
            runs.set()
            never: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
            return await never

        monkeypatch.setattr(host, "run", run)
        task = asyncio.ensure_future(gateway.call(target, by=bob, ask=ask()))
        await runs.wait()
        task.cancel(*word)
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(leave())

    [record] = notebook.ended
    assert record.charge is not None
    assert (record.result, record.charge.royalty) == ("cancelled", 0)
    assert record.charge.outcome == ("overdrawn" if is_billed else "not_run")
    assert bool(record.charge.compute) is is_billed
    assert bool(record.run_us) is is_billed


def test_processes_compare_notes_and_the_days_of_long_ago_are_forgotten(bob: Actor) -> None:
    assert bob.owner_id is not None
    given_time.take(bob.owner_id, 8 * SECOND)
    given_time.forget_all()

    beyond = [given_time.take(bob.owner_id, us) for us in (4 * SECOND, SECOND)]
    left = given_time.is_left(bob.owner_id)
    GivenTime.objects.update(day=timezone.now().date() - timedelta(days=40))

    assert beyond == [0, SECOND]
    assert left is False
    assert given_time.forget_old_days() == 1
    assert not Limit.objects.filter(held__gt=0).exists()
