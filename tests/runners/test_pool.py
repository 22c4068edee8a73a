"""The pool over real sandboxes: of the embedded backend, and where it could matter of both."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from runners import backends
from runners.backends.base import Backend
from runners.errors import NoRunner, QueueFull
from runners.groups import PoolLimits
from runners.instance import Surroundings
from runners.pool import Pool
from runners.relay import Receive, Scope, Send
from runners.specs import Kind, Outcome
from tests.runners.sandboxes import asking, spec_of

COUNTING = """
import os
calls = 0
print("loading")
def apply(input):
    global calls
    calls += 1
    print("call", calls)
    return {"pid": os.getpid(), "calls": calls, "input": input}
"""

SLOW = """
import time
def apply(input):
    time.sleep(input)
    return input
"""

CALLING = """
import os, urllib.request
def apply(input):
    address = os.environ["ALGORITHMIA_API"] + "/v1/algo/some/body"
    return urllib.request.urlopen(address, data=str(input).encode()).read().decode()
"""

on_both = pytest.mark.parametrize("backend", backends.NAMES, indirect=True)


@pytest.fixture(scope="module")
def backend(request: pytest.FixtureRequest) -> Backend:
    name = getattr(request, "param", "bubblewrap")
    host = request.getfixturevalue("docker_host") if name == "docker" else ""
    return backends.make(name, data_dir=Path(settings.DATA_DIR), docker_host=host)


class Platform:
    """Answers everything from the moment it is told to."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await self.answers.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"platform"})


def _pool(backend: Backend, platform: Platform | None = None, **limits: float) -> Pool:
    around = Surroundings(
        backend=backend,
        platform=platform or Platform(),
        platform_host="market.example",
        executor=ThreadPoolExecutor(8),
        parallel_calls=24,
    )
    return Pool(around, PoolLimits(**limits))  # type: ignore[arg-type]


@contextlib.asynccontextmanager
async def _running(
    backend: Backend, platform: Platform | None = None, **limits: float
) -> AsyncIterator[Pool]:
    pool = _pool(backend, platform, **limits)
    try:
        yield pool
    finally:
        await pool.stop()


@pytest.fixture
async def pool(backend: Backend) -> AsyncIterator[Pool]:
    async with _running(backend, slots=4, slots_per_version=2) as pool:
        yield pool


async def _has(pool: Pool, *, running: int = 0, waiting: int = 0) -> None:
    """Wait until so many calls are in sandboxes, and so many wait for one."""
    while (pool.busy, pool.load) != (running, running + waiting):
        await asyncio.sleep(0.01)


def _result(outcome: Outcome) -> Any:
    assert outcome.failure is None, outcome.failure
    return json.loads(outcome.body)


@on_both
async def test_ten_calls_load_the_module_once(pool: Pool) -> None:
    spec = spec_of(COUNTING)

    outcomes = [await pool.run(spec, asking(str(n))) for n in range(10)]

    answers = [_result(outcome) for outcome in outcomes]
    assert [answer["calls"] for answer in answers] == list(range(1, 11))
    assert len({answer["pid"] for answer in answers}) == 1
    assert outcomes[0].timings.is_cold
    assert not any(outcome.timings.is_cold for outcome in outcomes[1:])
    assert outcomes[3].stdout == b"call 4\n"


async def test_place_of_a_sandbox_that_is_kept_goes_to_who_waits_for_it(backend: Backend) -> None:
    async with _running(backend, slots=1, slots_per_version=1) as pool:
        assert await pool.keep(spec_of(COUNTING, kept="one"), "bob", "", print) is None
        waiting = asyncio.create_task(pool.run(spec_of(SLOW), asking("0", payer="carol")))
        await _has(pool, waiting=1)  # there is no other place

        pool.release("one")

        async with asyncio.timeout(20):
            assert _result(await waiting) == 0


async def test_two_payers_never_share_a_sandbox(pool: Pool) -> None:
    spec = spec_of(COUNTING)

    one = await pool.run(spec, asking(payer="bob"))
    other = await pool.run(spec, asking(payer="carol"))

    assert _result(one)["calls"] == 1
    assert _result(other)["calls"] == 1


async def test_a_shareable_version_serves_several_payers_with_one_sandbox(pool: Pool) -> None:
    spec = spec_of(COUNTING, is_shareable=True)

    await pool.run(spec, asking(payer="bob"))
    other = await pool.run(spec, asking(payer="carol"))

    assert _result(other)["calls"] == 2


async def test_calls_at_the_same_time_get_sandboxes_up_to_the_limit(pool: Pool) -> None:
    spec = spec_of(COUNTING.replace("calls += 1", "calls += 1; import time; time.sleep(0.3)"))

    outcomes = await asyncio.gather(*(pool.run(spec, asking()) for _ in range(6)))

    pids = {_result(outcome)["pid"] for outcome in outcomes}
    assert len({str(outcome.timings.is_cold) for outcome in outcomes}) == 2
    assert sum(outcome.timings.is_cold for outcome in outcomes) == 2
    assert len(pids) <= 2


async def test_calls_made_by_algorithms_wait_for_a_sandbox_that_will_be_free(
    backend: Backend,
) -> None:
    async with _running(backend, slots=1, slots_per_version=1) as pool:
        calls = [pool.run(spec_of(SLOW), asking("0.2", depth=1)) for _ in range(6)]

        assert [_result(outcome) for outcome in await asyncio.gather(*calls)] == [0.2] * 6


async def test_calls_made_by_algorithms_do_not_wait_for_each_other(backend: Backend) -> None:
    platform = Platform()
    async with _running(backend, platform, slots=1, slots_per_version=1) as pool:
        calls = [
            asyncio.create_task(pool.run(spec_of(CALLING), asking(depth=depth, timeout=60)))
            for depth in (0, 1)
        ]
        while not all(one.waits_for_others for one in pool._instances) or len(pool._instances) < 2:
            await asyncio.sleep(0.02)

        with pytest.raises(NoRunner, match="waiting for one could take for ever"):
            await pool.run(spec_of(CALLING), asking(depth=2))

        platform.answers.set()
        outcomes = await asyncio.gather(*calls)
        assert [outcome.body for outcome in outcomes] == [b"platform"] * 2


async def test_an_idle_sandbox_of_another_makes_room(backend: Backend) -> None:
    async with _running(backend, slots=1, slots_per_version=1) as pool:
        await pool.run(spec_of(COUNTING), asking(payer="bob"))
        other = await pool.run(spec_of(COUNTING), asking(payer="carol"))

        assert _result(other)["calls"] == 1


@on_both
async def test_a_call_that_takes_too_long_is_ended_and_the_next_one_works(pool: Pool) -> None:
    spec = spec_of(SLOW)

    late = await pool.run(spec, asking("30", timeout=0.5))
    began = time.monotonic()
    next_one = await pool.run(spec, asking("0"))

    assert late.failure is not None
    assert late.failure.error_type == "TimeoutError"
    assert "0.5 seconds" in late.failure.message
    assert _result(next_one) == 0
    assert time.monotonic() - began < 25


async def test_a_queue_that_is_full_says_so_at_once(backend: Backend) -> None:
    platform = Platform()
    async with _running(backend, platform, slots=1, slots_per_version=1, queue_length=1) as pool:
        spec = spec_of(CALLING)
        running = asyncio.create_task(pool.run(spec, asking(timeout=60)))
        await _has(pool, running=1)
        waiting = asyncio.create_task(pool.run(spec, asking()))
        await _has(pool, running=1, waiting=1)

        with pytest.raises(QueueFull) as refused:
            await pool.run(spec, asking())

        assert refused.value.retry_after > 0
        platform.answers.set()
        assert [one.body for one in await asyncio.gather(running, waiting)] == [b"platform"] * 2


async def test_a_call_waits_no_longer_than_it_was_told_to(backend: Backend) -> None:
    platform = Platform()
    async with _running(backend, platform, slots=1, slots_per_version=1) as pool:
        spec = spec_of(CALLING)
        running = asyncio.create_task(pool.run(spec, asking(timeout=60)))
        await _has(pool, running=1)

        with pytest.raises(QueueFull, match=r"within 0\.3 seconds"):
            await pool.run(spec, asking(queue_seconds=0.3))

        platform.answers.set()
        assert (await running).body == b"platform"


@on_both
async def test_a_cancelled_call_ends_its_sandbox_and_not_the_pool(pool: Pool) -> None:
    spec = spec_of(COUNTING.replace('print("call", calls)', "import time; time.sleep(input or 0)"))
    first = _result(await pool.run(spec, asking("0")))
    call = asyncio.create_task(pool.run(spec, asking("250", timeout=300)))
    await _has(pool, running=1)

    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    answer = _result(await pool.run(spec, asking("0")))

    assert first["calls"] == 1
    assert answer["calls"] == 1


@on_both
@pytest.mark.parametrize(
    ("code", "error_type", "words"),
    [
        ("def apply(input): return bytearray(10**9)", "OutOfMemoryError", "memory"),
        ("import os\ndef apply(input): os._exit(3)", "SystemExit", "code 3"),
        ("import os\ndef apply(input): os.kill(os.getpid(), 11)", "SystemExit", "exited"),
        (
            "def apply(input):\n open('big', 'wb').write(b'x' * 100_000_000)",
            "OutOfDiskError",
            "disk",
        ),
    ],
    ids=["memory", "exit", "crash", "disk"],
)
async def test_each_death_has_its_own_name_and_the_next_call_an_answer(
    pool: Pool, code: str, error_type: str, words: str
) -> None:
    neighbour = spec_of(COUNTING)
    await pool.run(neighbour, asking())

    outcome = await pool.run(spec_of(code), asking())
    beside = await pool.run(neighbour, asking())

    assert outcome.failure is not None
    assert outcome.failure.error_type == error_type, outcome.failure
    assert words in outcome.failure.message.lower()
    assert _result(beside)["calls"] == 2


@on_both
async def test_a_sandbox_killed_in_the_middle_of_a_call_is_replaced(pool: Pool) -> None:
    spec = spec_of(SLOW)
    await pool.run(spec, asking("0"))
    call = asyncio.create_task(pool.run(spec, asking("250", timeout=300)))
    await _has(pool, running=1)
    instance = next(iter(pool._instances))

    sandbox = instance._sandbox
    assert sandbox is not None
    await asyncio.get_running_loop().run_in_executor(None, sandbox.kill)
    outcome = await call
    next_one = await pool.run(spec, asking("0"))

    assert outcome.failure is not None
    assert outcome.failure.error_type == "SystemExit"
    assert _result(next_one) == 0


async def test_a_module_that_does_not_load_says_where(pool: Pool) -> None:
    outcome = await pool.run(spec_of("import nothing_like_it\ndef apply(input): pass"), asking())

    assert outcome.failure is not None
    assert "nothing_like_it" in outcome.failure.message
    assert "src/Tried.py" in outcome.failure.stacktrace


async def test_an_answer_that_is_not_what_it_claims_ends_the_sandbox(pool: Pool) -> None:
    forging = """
import sys
def apply(input):
    frame = sys._getframe()
    while frame:
        for thing in list(frame.f_locals.values()):
            if type(thing).__name__ == "Channel":
                header = {"id": "call-1", "kind": "json", "run_us": 1, "stdout_bytes": 0}
                thing.send(5, header, b'1},"metadata":{"forged":1')
        frame = frame.f_back
    return 1
"""
    outcome = await pool.run(spec_of(forging), asking())

    assert outcome.failure is not None
    assert outcome.failure.error_type == "SystemError"
    assert outcome.body == b""


@on_both
async def test_a_check_loads_once_and_leaves_nothing_running(pool: Pool) -> None:
    good = await pool.check_load(spec_of(COUNTING), "run.alice")
    bad = await pool.check_load(spec_of("def apply(input)\n    pass"), "run.alice")

    assert good.failure is None
    assert good.stdout == "loading\n"
    assert bad.failure is not None
    assert "Tried.py" in bad.failure.stacktrace


async def test_idle_sandboxes_are_ended_after_a_while(backend: Backend) -> None:
    async with _running(backend, slots=2, slots_per_version=2, idle_seconds=0.1) as pool:
        await pool.run(spec_of(COUNTING), asking())
        await asyncio.sleep(0.2)

        pool._tidy()

        assert not pool._instances


async def test_a_pool_that_stops_refuses_and_ends_everything(backend: Backend) -> None:
    pool = _pool(backend, slots=2)
    assert _result(await pool.run(spec_of(COUNTING), asking()))["pid"]

    await pool.stop()

    with pytest.raises(NoRunner):
        await pool.run(spec_of(COUNTING), asking())


@on_both
async def test_text_and_bytes_come_back_as_they_were(pool: Pool) -> None:
    spec = spec_of("def apply(input): return input")

    text = await pool.run(spec, asking("grün\u2028", kind=Kind.TEXT))
    binary = await pool.run(spec, asking(bytes(range(256)) * 4000, kind=Kind.BINARY))

    assert (text.kind, text.body.decode()) == (Kind.TEXT, "grün\u2028")
    assert (binary.kind, binary.body) == (Kind.BINARY, bytes(range(256)) * 4000)


async def test_one_payer_never_holds_every_sandbox(backend: Backend) -> None:
    platform = Platform()
    async with _running(backend, platform, slots=2, slots_per_version=1, slots_per_payer=1) as pool:
        slow = asyncio.create_task(pool.run(spec_of(CALLING), asking(payer="bob", timeout=60)))
        await _has(pool, running=1)
        second = asyncio.create_task(pool.run(spec_of(COUNTING), asking(payer="bob")))
        await _has(pool, running=1, waiting=1)

        other = await pool.run(spec_of(COUNTING), asking(payer="carol"))

        assert _result(other)["calls"] == 1
        assert not second.done()
        platform.answers.set()
        assert (await slow).body == b"platform"
        assert _result(await second)["calls"] == 1
