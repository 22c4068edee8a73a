"""One warm sandbox: start it, load the module, run calls one at a time, end it.

Everything here happens on the pool's event loop; what blocks (starting and ending a sandbox)
runs in the pool's threads.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, Final

from runners import contracts, egress, runtimes, tunnels
from runners.backends.base import Backend, Sandbox
from runners.bodies import failure_in, kind_named, reads_as
from runners.errors import PlatformFault
from runners.guests import EventConnection, GuestConnection, GuestGone, OutOfTime, Unwelcome
from runners.hearing import Hearing
from runners.protocol import Frame, FrameType, encode
from runners.relay import Application, Relay, http_server
from runners.specs import Event, Failure, Invocation, Network, Outcome, Phase, RunSpec, Timings
from runners.tunnels import Exchange

HELLO_SECONDS: Final = 30.0
LOAD_SECONDS: Final = 300.0
CANCEL_SECONDS: Final = 3.0
"""What a guest that can end a call by itself may take for it; then its sandbox is ended."""

_MUCH: Final = 256 * 1024
"""Bodies larger than this are looked through in a thread."""

HEADROOM: Final = 2 * 1024 * 1024
"""What a frame may hold besides the answer itself: stdout and the guest's own words."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every instance of a pool is given."""

    backend: Backend
    platform: Application
    platform_host: str
    executor: Executor
    parallel_calls: int
    trusted_hosts: frozenset[str] = frozenset()  # reachable with network access, though private
    refused: Callable[[str, str, int], None] = lambda _source, _host, _port: None
    """Hears of a source, and of the host and port that it was not let reach."""


class Instance:
    """A sandbox with a loaded module, bound to one version and (unless shareable) one payer."""

    def __init__(
        self,
        name: str,
        spec: RunSpec,
        payer: str,
        around: Surroundings,
        hear: Callable[[str], None] | None = None,
    ) -> None:
        """`hear` is told each line it prints, as it comes; it must not block."""
        self.name = name
        self.spec = spec
        self.payer = payer
        self.kept_for = payer
        self.kept_as = ""
        self.idle_since = 0.0
        self.calls = 0
        self.start_us = 0
        self.load_us = 0
        self.load_stdout = b""
        self.manifest: dict[str, Any] = {}
        self.relay = Relay(
            around.platform, host=around.platform_host, parallel_calls=around.parallel_calls
        )
        self._around = around
        self._hear = hear
        self._busy_us = 0
        self._busy_since = 0.0
        self._servers: list[asyncio.Server | egress.Proxy] = []
        self._sandbox: Sandbox | None = None
        self._guest = GuestConnection(max_body=spec.limits.output + spec.limits.stdout + HEADROOM)
        self._events: EventConnection | None = None
        self._can_cancel = False
        self._contract = contracts.get(spec.contract)
        self._door = tunnels.Door()
        self._told: dict[str, Any] = {}
        self._is_idle = False  # loaded, and not in a call: it may be asked to end by itself
        self._is_closed = False

    @property
    def is_usable(self) -> bool:
        return not self._is_closed and not self._guest.is_lost

    @property
    def is_heard(self) -> bool:
        """Whether it is, or was, the kept one of its kind."""
        return self._hear is not None

    @property
    def busy_us(self) -> int:
        """How long it has spent in calls until now."""
        return self._busy_us + (_since(self._busy_since) if self._busy_since else 0)

    @property
    def waits_for_others(self) -> bool:
        """Whether its algorithm has called another one and has no answer yet."""
        return self.relay.open_calls > 0

    async def start(
        self, token: Callable[[], str], enter: Callable[[Phase], None]
    ) -> Failure | None:
        """Start the sandbox and load the module as the caller of the first call, who hears of it.

        Gives the author's failure, or None when it is ready; raises PlatformFault.
        """
        began = time.perf_counter()
        enter(Phase.STARTING)
        try:
            await self._start_sandbox()
            await self._guest.answer(HELLO_SECONDS)  # HELLO
        except (GuestGone, OutOfTime) as error:
            report = await self._in_thread(self._last_words)
            raise PlatformFault(f"A sandbox did not start: {error}. {report}") from None
        self.start_us = _since(began)
        enter(Phase.LOADING)
        return await self._load(token)

    async def _load(self, token: Callable[[], str]) -> Failure | None:
        began = time.perf_counter()
        self.relay.token = token
        limits = {"stdout": self.spec.limits.stdout, "output": self.spec.limits.output}
        try:
            self._guest.send(encode(FrameType.LOAD, {**self._told, "limits": limits}))
            frame = await self._guest.answer(LOAD_SECONDS)
        except OutOfTime:
            return Failure(f"Loading took longer than {LOAD_SECONDS:.0f} seconds.", "TimeoutError")
        except GuestGone:
            return await self._cause_of_death("while it was loading")
        finally:
            self.relay.token = None
            self.load_us = _since(began)
        self.load_stdout, _ = _split_stdout(frame)
        if frame.type is FrameType.READY:
            self._is_idle = True
            self.manifest = _manifest(frame)
            self._can_cancel = frame.header.get("cancel") is True
            return None
        return failure_in(frame, default="LoadingError")

    async def run(
        self, invocation: Invocation, before: Timings, exchange: Exchange | None = None
    ) -> Outcome:
        """Run one call, to whose time `before` belongs too; with an exchange, talk to the app as it is.

        An instance that is not `is_usable` afterwards must be closed. When the call is cancelled,
        so are the calls it has made, and it is over before this returns.
        """
        self.calls += 1
        self._is_idle = False
        self.relay.token = invocation.token
        kind = "tunnel" if exchange is not None else invocation.kind
        header: dict[str, object] = {"id": invocation.call_id, "kind": kind}
        if invocation.operation:
            header["operation"] = invocation.operation
        if invocation.hear is not None:
            header["events"] = self._listen_to(invocation, invocation.hear)
        if self._hear is not None and invocation.payer != self.kept_for:
            header["quiet"] = True  # what others' calls print is not for its log
        began = self._busy_since = time.perf_counter()
        try:
            self._guest.send(encode(FrameType.CALL, header, invocation.body))
            seconds = invocation.timeout
            waiting = self._guest.answer(seconds)
            frame, problem = await self._door.answer(waiting, exchange, seconds=seconds)
        except OutOfTime as error:
            self._guest.close()
            why = str(error) or f"The algorithm did not answer within {seconds:g} seconds."
            failure = Failure(why, "TimeoutError", is_out_of_time=True)
            return Outcome(failure=failure, timings=_and_run(before, began))
        except GuestGone:
            failure = await self._cause_of_death("during the call")
            return Outcome(failure=failure, timings=_and_run(before, began))
        except asyncio.CancelledError:
            await self._cancel(invocation, may_ask=exchange is None)
            raise
        finally:
            self.relay.token = None
            self._busy_us, self._busy_since = self.busy_us, 0.0
            self._listen_no_more()
        outcome = await self._outcome(frame, invocation, _and_run(before, began))
        return replace(outcome, failure=problem) if problem is not None else outcome

    def _listen_to(self, invocation: Invocation, hear: Callable[[Event], None]) -> int:
        """Pass on what the call says; give the number under which it says it."""
        hearing = Hearing(invocation, hear, self.calls)
        self._guest.hear = hearing.partial
        if self._events is not None:
            self._events.hear = hearing.printed
        return self.calls

    def _listen_no_more(self) -> None:
        """What comes later is of a call that is over."""
        self._guest.hear = None
        if self._events is not None:
            self._events.hear = None

    async def _cancel(self, invocation: Invocation, *, may_ask: bool) -> None:
        """End the call, by asking the guest where that can be asked, else with the sandbox."""
        self.relay.abandon_calls()
        try:
            if self._can_cancel and may_ask:
                self._guest.send(encode(FrameType.CANCEL, {"id": invocation.call_id}))
                frame = await self._guest.answer(CANCEL_SECONDS)
                self._is_idle = frame.header.get("id") == invocation.call_id
        except (GuestGone, OutOfTime):
            pass
        finally:
            if not self._is_idle:
                self.discard()

    async def _outcome(self, frame: Frame, invocation: Invocation, timings: Timings) -> Outcome:
        if frame.header.get("id") != invocation.call_id:
            self._guest.close()
            return Outcome(failure=_GIBBERISH, timings=timings)
        self._is_idle = True
        if frame.header.get("is_last"):
            self._guest.close()
        stdout, body = _split_stdout(frame)
        if frame.type is FrameType.FAILED:
            return Outcome(stdout=stdout, failure=failure_in(frame), timings=timings)
        kind = kind_named(frame.header.get("kind"))
        is_sound = frame.type is FrameType.RESULT and kind is not None
        if is_sound and len(body) > _MUCH:
            is_sound = await self._in_thread(reads_as, kind, body)
        elif is_sound:
            is_sound = reads_as(kind, body)
        if kind is None or not is_sound:
            self._guest.close()
            return Outcome(failure=_GIBBERISH, timings=timings)
        return Outcome(kind=kind, body=body, stdout=stdout, timings=timings)

    def discard(self) -> None:
        """Stop using it, at once; `close` gives back what it holds."""
        self._guest.close()
        if self._events is not None:
            self._events.close()
        self.relay.abandon_calls()
        self.relay.token = None

    async def close(self) -> None:
        """End the sandbox and all its sockets."""
        if self._is_closed:
            return
        self._is_closed = True
        self.discard()
        for server in self._servers:
            server.close()
        if self._sandbox is not None:
            if self._is_idle and self._contract.grace_seconds:  # the guest saw us hang up
                await self._in_thread(self._sandbox.wait, self._contract.grace_seconds + 1)
            await self._in_thread(self._sandbox.close)
        else:
            await self._in_thread(self._around.backend.discard_sockets, self.name)

    async def _start_sandbox(self) -> None:
        folder = await self._in_thread(self._around.backend.sockets_folder, self.name)
        await self._listen(folder)
        mounts = await self._in_thread(runtimes.mounts, self.spec)
        plan = self._contract.plan(self.spec, mounts=mounts, sockets=str(folder), name=self.name)
        inside = await self._in_thread(runtimes.find, self.spec.interpreter)
        plan = replace(plan, image=inside.image)
        [source] = [Path(mount.source) for mount in mounts if mount.target == runtimes.SOURCE]
        self._told = await self._in_thread(self._contract.told, self.spec, source)
        self._sandbox = await self._in_thread(self._around.backend.start, plan)
        if self._hear is not None:
            Thread(target=self._follow, args=(self._sandbox, self._hear), daemon=True).start()
        await self._first_to_happen(self._guest.connected)

    @staticmethod
    def _follow(sandbox: Sandbox, hear: Callable[[str], None]) -> None:
        for line in sandbox.lines():
            if not line.startswith("agorithm: "):  # said to the operator
                hear(line)

    async def why_gone(self) -> str:
        """Why it cannot be used any more, in a sentence."""
        return (await self._cause_of_death("between two calls")).message

    async def _first_to_happen(self, connected: asyncio.Future[None]) -> None:
        """Wait until the guest dials in; do not wait out the time if it dies before."""
        sandbox = self._running()
        deadline = time.perf_counter() + HELLO_SECONDS
        while not connected.done():
            await asyncio.wait([connected], timeout=0.25)
            if not connected.done() and await self._in_thread(sandbox.wait, 0) is not None:
                raise GuestGone("it ended before it connected")
            if time.perf_counter() > deadline:
                raise OutOfTime
        for server in self._servers[:2]:
            server.close()  # nobody else may dial in
        del self._servers[:2]

    async def _listen(self, folder: Path) -> None:
        loop = asyncio.get_running_loop()
        guest = await loop.create_unix_server(self._welcome, folder / "pool.sock")
        events = await loop.create_unix_server(self._welcome_events, folder / "events.sock")
        relay = await loop.create_unix_server(http_server(self.relay), folder / "relay.sock")
        self._servers = [guest, events, relay]
        if self.spec.network is Network.FULL:
            policy = egress.Policy.public(trusted=self._around.trusted_hosts)
            refused = partial(self._around.refused, self.spec.source)
            path = folder / "egress.sock"
            self._servers.append(await egress.serve(path, policy, refused=refused))
        if self._contract.has_pages:
            self._servers.append(await self._door.listen(folder))
        for name in ("pool.sock", "events.sock", "relay.sock", "egress.sock", tunnels.NAME):
            if (folder / name).exists():
                self._around.backend.admit(folder / name)

    def _welcome(self) -> asyncio.Protocol:
        """The first to dial in is the guest: it does so before it loads the author's module."""
        is_first = not self._guest.connected.done()
        return self._guest if is_first else Unwelcome()

    def _welcome_events(self) -> asyncio.Protocol:
        """The first is the supervisor: it dials in before there is an author's process at all."""
        if self._events is not None:
            return Unwelcome()
        self._events = EventConnection()
        return self._events

    async def _cause_of_death(self, when: str) -> Failure:
        sandbox = self._running()
        self._guest.close()
        exit_ = await self._in_thread(sandbox.wait, 5)
        if exit_ is None:
            return Failure(
                f"The algorithm closed its connection to the platform {when}.", "SystemExit"
            )
        if exit_.is_out_of_memory:
            limit = self.spec.limits.memory // (1024 * 1024)
            message = f"The algorithm used more than its {limit} MiB of memory {when}."
            return Failure(message, "OutOfMemoryError")
        return Failure(
            f"The algorithm's process exited with code {exit_.code} {when}.", "SystemExit"
        )

    def _running(self) -> Sandbox:
        if self._sandbox is None:
            raise PlatformFault("The sandbox was never started.")
        return self._sandbox

    def _last_words(self) -> str:
        return self._sandbox.tail()[-2000:] if self._sandbox is not None else ""

    async def _in_thread(self, function: Any, *arguments: Any) -> Any:  # noqa: ANN401
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._around.executor, function, *arguments)


_GIBBERISH: Final = Failure(
    "The algorithm's sandbox answered with something that is no answer.", "SystemError"
)


def _since(began: float) -> int:
    return int((time.perf_counter() - began) * 1_000_000)


def _and_run(before: Timings, began: float) -> Timings:
    return Timings(before.queue, before.start, before.load, _since(began))


def _split_stdout(frame: Frame) -> tuple[bytes, bytes]:
    length = frame.header.get("stdout_bytes", 0)
    if not isinstance(length, int) or not 0 <= length <= len(frame.body):
        length = 0
    return frame.body[:length], frame.body[length:]


def _manifest(frame: Frame) -> dict[str, Any]:
    said = frame.header.get("manifest")
    return said if isinstance(said, dict) else {}
