from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runners import wire
from runners.errors import PlatformFault, QueueFull
from runners.remote import Fleet, PoolServer, RunnerInfo, listen
from runners.specs import Failure, Invocation, Kind, Network, Outcome, RunSpec, Timings

SPEC = RunSpec(algorithm="a/b", module="src.b", network=Network.FULL, variables=(("A", "1"),))


class EchoPool:
    """Stands where a pool of sandboxes would: answers with the input, or as the input says."""

    load = 0

    def __init__(self) -> None:
        self.seen: list[tuple[RunSpec, Invocation]] = []
        self.cancelled: list[str] = []

    async def run(self, spec: RunSpec, invocation: Invocation) -> Outcome:
        self.seen.append((spec, invocation))
        if invocation.body == b"full":
            raise QueueFull("no room", retry_after=7)
        if invocation.body == b"wait":
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                self.cancelled.append(invocation.call_id)
                raise
        return Outcome(kind=Kind.BINARY, body=invocation.body, stdout=b"out", timings=Timings(1, 2))


def _token() -> str:
    return "run.x"


def _invocation(body: bytes, queue_seconds: float = 0.0) -> Invocation:
    return Invocation(
        call_id="1",
        payer="p",
        kind=Kind.BINARY,
        body=body,
        timeout=5,
        token=_token,
        queue_seconds=queue_seconds,
    )


@pytest.fixture
def pool() -> EchoPool:
    return EchoPool()


@pytest.fixture
async def server(pool: EchoPool, tmp_path: Path) -> AsyncIterator[RunnerInfo]:
    address = f"unix:{tmp_path}/runner.sock"
    server = await listen(address, lambda: PoolServer(pool))  # type: ignore[arg-type]
    yield RunnerInfo(name="one", address=address, slots=4, machines=frozenset({"cpu"}))
    server.close()


@pytest.fixture
async def fleet(server: RunnerInfo) -> AsyncIterator[Fleet]:
    fleet = Fleet()
    await fleet.renew([server])
    yield fleet
    fleet.close()


async def test_a_call_crosses_to_the_runner_and_back_unchanged(
    fleet: Fleet, pool: EchoPool
) -> None:
    body = bytes(range(256)) * 1000

    outcome = await fleet.run(SPEC, _invocation(body))

    assert (outcome.kind, outcome.body, outcome.stdout) == (Kind.BINARY, body, b"out")
    assert outcome.runner == "one"
    [(spec, invocation)] = pool.seen
    assert spec == SPEC
    assert invocation.token() == "run.x"
    assert replace(invocation, token=_token) == _invocation(body)


async def test_many_calls_share_one_connection(fleet: Fleet) -> None:
    bodies = [b"%d" % number for number in range(100)]

    outcomes = await asyncio.gather(*(fleet.run(SPEC, _invocation(body)) for body in bodies))

    assert [outcome.body for outcome in outcomes] == bodies


async def test_a_refusal_keeps_its_kind_and_its_patience(fleet: Fleet) -> None:
    with pytest.raises(QueueFull, match="no room") as caught:
        await fleet.run(SPEC, _invocation(b"full"))

    assert caught.value.retry_after == 7


async def test_a_cancelled_call_is_cancelled_on_the_runner(fleet: Fleet, pool: EchoPool) -> None:
    call = asyncio.create_task(fleet.run(SPEC, _invocation(b"wait")))
    while not pool.seen:
        await asyncio.sleep(0.01)

    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    while not pool.cancelled:
        await asyncio.sleep(0.01)

    assert pool.cancelled == ["1"]


async def test_a_runner_that_dies_fails_its_calls_and_its_successor_takes_the_next(
    fleet: Fleet, server: RunnerInfo, pool: EchoPool
) -> None:
    call = asyncio.create_task(fleet.run(SPEC, _invocation(b"wait")))
    while not pool.seen:
        await asyncio.sleep(0.01)
    for runner in fleet._runners.values():
        runner.close()

    with pytest.raises(PlatformFault, match="one went away"):
        await call
    await fleet.renew([server])

    assert (await fleet.run(SPEC, _invocation(b"again"))).body == b"again"


async def test_a_call_waits_for_a_runner_to_come_back(server: RunnerInfo) -> None:
    fleet = Fleet()
    call = asyncio.create_task(fleet.run(SPEC, _invocation(b"x", queue_seconds=5.0)))
    await asyncio.sleep(0.05)
    await fleet.renew([server])

    assert (await call).body == b"x"
    fleet.close()


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=5), st.integers(1, 50))
def test_frames_survive_being_cut_anywhere(bodies: list[bytes], step: int) -> None:
    outcomes = [Outcome(body=body, failure=Failure("no") if not body else None) for body in bodies]
    stream = b"".join(wire.done(str(n), outcome, n) for n, outcome in enumerate(outcomes))

    frames = wire.Frames()
    found = []
    for start in range(0, len(stream), step):
        found += frames.feed(stream[start : start + step])

    assert [wire.read_done(header, body, runner="") for _, header, body in found] == outcomes
