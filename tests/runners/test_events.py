"""What a call says while it runs, and what its cancel ends, over real sandboxes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings

from runners import backends
from runners.groups import PoolLimits
from runners.guests import GuestConnection
from runners.instance import Surroundings
from runners.pool import Pool
from runners.protocol import FrameType, encode
from runners.relay import CALLER_LEFT, Receive, Scope, Send
from runners.specs import Event, Kind
from tests.runners.sandboxes import asking, spec_of

STEPS = """
import os, time

def apply(input):
    for n in range(input["steps"]):
        print("::progress {}%".format(n))
        print("step", n)
        time.sleep(input.get("pause", 0))
        yield {"pid": os.getpid(), "n": n}, n / input["steps"]
    return os.getpid()
"""

CALLING = """
import os, urllib.request

def apply(input):
    address = os.environ["ALGORITHMIA_API"] + "/v1/algo/some/body"
    yield urllib.request.urlopen(address, data=b"1").read().decode()
"""

FLOODING = """
import os, struct

def apply(input):
    [channel] = [int(one) for one in os.listdir("/proc/self/fd") if os.path.exists(
        "/proc/self/fd/" + one) and os.readlink("/proc/self/fd/" + one).startswith("socket")][:1]
    frame = struct.pack(">BII", 7, 14, 0) + b'{"progress":0}'
    try:
        while True:
            os.write(channel, frame)
    except OSError:
        return "stopped"
"""


class Platform:
    """Never answers a call, and notes which of them were cancelled."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.left: list[tuple[object, ...]] = []

    async def __call__(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        self.asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as error:
            self.left.append(error.args)
            raise


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
async def pool(platform: Platform) -> AsyncIterator[Pool]:
    around = Surroundings(
        backend=backends.make("bubblewrap", data_dir=Path(settings.DATA_DIR)),
        platform=platform,
        platform_host="market.example",
        executor=ThreadPoolExecutor(8),
        parallel_calls=24,
    )
    pool = Pool(around, PoolLimits(slots=2))
    yield pool
    await pool.stop()


async def test_a_call_says_how_far_it_is_what_it_has_and_what_it_prints(pool: Pool) -> None:
    heard: list[Event] = []
    steps = json.dumps({"steps": 3, "pause": 0.15})

    outcome = await pool.run(spec_of(STEPS), asking(steps, hear=heard.append, shows_printed=True))
    unseen: list[Event] = []
    await pool.run(spec_of(STEPS), asking(steps, hear=unseen.append))

    partial = [json.loads(event.output)["n"] for event in heard if event.kind is Kind.JSON]
    assert partial == [0, 1, 2]
    told = {event.progress for event in heard}
    assert {0.0, 1 / 3, 2 / 3} <= told
    assert told & {0.01, 0.02}  # of the lines, those that did not come with the next one
    assert outcome.stdout.startswith(b"".join(event.printed for event in heard))
    assert b"step 0\n" in b"".join(event.printed for event in heard)
    assert b"".join(event.printed for event in unseen) == b""
    assert {event.progress for event in unseen} & {0.01, 0.02}


async def test_a_call_cancelled_between_two_steps_leaves_its_sandbox_to_the_next(
    pool: Pool,
) -> None:
    spec, began = spec_of(STEPS), asyncio.Event()
    endless = json.dumps({"steps": 10**6, "pause": 0.01})
    heard: list[Event] = []

    def hear(event: Event) -> None:
        heard.append(event)
        if event.output:
            began.set()

    call = asyncio.create_task(pool.run(spec, asking(endless, hear=hear)))
    await asyncio.wait_for(began.wait(), 20)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    after = await pool.run(spec, asking('{"steps": 1}'))

    pids = {json.loads(event.output)["pid"] for event in heard if event.output}
    assert pids == {json.loads(after.body)}
    assert not after.timings.is_cold


async def test_an_answer_that_comes_with_the_cancel_is_not_waited_for_again() -> None:
    guest = GuestConnection(max_body=100)
    asked = asyncio.create_task(guest.answer(10))
    await asyncio.sleep(0)

    guest.data_received(encode(FrameType.RESULT, {"id": "call-1"}))
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked

    assert (await guest.answer(0.1)).header == {"id": "call-1"}


async def test_calls_that_a_cancelled_call_has_made_are_cancelled_too(
    pool: Pool, platform: Platform
) -> None:
    call = asyncio.create_task(pool.run(spec_of(CALLING), asking()))
    await asyncio.wait_for(platform.asked.wait(), 20)

    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    assert platform.left == [(CALLER_LEFT,)]


async def test_a_guest_that_floods_us_with_events_is_read_slowly(pool: Pool) -> None:
    heard: list[Event] = []

    outcome = await pool.run(spec_of(FLOODING), asking(timeout=1.5, hear=heard.append))

    assert outcome.failure is not None
    assert outcome.failure.error_type == "TimeoutError"
    assert 0 < len(heard) < 100  # unbounded, it would be many thousands
