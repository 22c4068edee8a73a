"""Runners in processes of their own: the side that serves a pool, and the side that calls one.

A gateway knows the runners from their rows (they renew them every few seconds) and sends a
call where the same version and payer went before while that runner has room, so that warm
sandboxes are found again, else to the least loaded one.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from runners import machines, tunnels, wire
from runners.errors import NoRunner, PlatformFault, RunnerError
from runners.instance import CANCEL_SECONDS
from runners.pool import Pool
from runners.specs import Event, Invocation, Outcome, Phase, RunSpec
from runners.tunnels import Exchange
from runners.wire import Frames, Word

logger = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 0.2
_PATIENCE_SECONDS: Final = 20.0
"""How long a call waits for any runner at all: one that died is restarted in that time."""


async def listen(address: str, factory: Callable[[], asyncio.Protocol]) -> asyncio.Server:
    """Listen on `unix:/path` or `host:port`."""
    loop = asyncio.get_running_loop()
    if address.startswith("unix:"):
        path = address.removeprefix("unix:")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)  # noqa: PTH108 - one call, left by a predecessor that was killed
        return await loop.create_unix_server(factory, path)
    host, _, port = address.rpartition(":")
    return await loop.create_server(factory, host, int(port))


class PoolServer(asyncio.Protocol):
    """One gateway's connection to the pool of this process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._frames = Frames()
        self._calls: dict[str, asyncio.Task[None]] = {}
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        for task in self._calls.values():
            task.cancel()  # nobody waits for the answers any more

    def data_received(self, data: bytes) -> None:
        for word, header, body in self._frames.feed(data):
            call = header["id"]
            if word is Word.RUN:
                task = asyncio.get_running_loop().create_task(self._run(call, header, body))
                self._calls[call] = task
            elif word is Word.CANCEL and call in self._calls:
                self._calls[call].cancel()
            elif word is Word.PASS and self._transport is not None:
                read = wire.read_run(header, body, tell=_unheard, hear=_unheard)
                tunnels.Serving(self._transport).start(*read, self._pool.run)

    async def _run(self, call: str, header: dict[str, Any], body: bytes) -> None:
        try:
            spec, invocation = wire.read_run(
                header, body, tell=partial(self._tell, call), hear=partial(self._pass_on, call)
            )
            outcome = await self._pool.run(spec, invocation)
            answer = wire.done(call, outcome, self._pool.load)
        except asyncio.CancelledError:
            answer = wire.cancelled(call, self._pool.load)
        except RunnerError as error:
            answer = wire.refused(call, error, self._pool.load)
        except Exception:
            logger.exception("A call failed inside the runner")
            fault = PlatformFault("The runner failed; its log says why.")
            answer = wire.refused(call, fault, self._pool.load)
        finally:
            self._calls.pop(call, None)
        self._write(answer)

    def _tell(self, call: str, phase: Phase) -> None:
        self._write(wire.phase(call, phase, self._pool.load))

    def _pass_on(self, call: str, said: Event) -> None:
        self._write(wire.event(call, said, self._pool.load))

    def _write(self, words: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(words)


@dataclass(frozen=True, slots=True)
class RunnerInfo:
    """What a gateway knows of a runner."""

    name: str
    address: str
    slots: int
    machines: frozenset[str]  # the kinds it is


class RunnerClient(asyncio.Protocol):
    """A gateway's connection to one runner."""

    def __init__(self, info: RunnerInfo) -> None:
        self.info = info
        self.remote_load = 0
        self.is_connected = False
        self._frames = Frames()
        self._waiting: dict[str, asyncio.Future[Outcome]] = {}
        self._watched: dict[str, Invocation] = {}
        self._numbers = itertools.count(1)
        self._transport: asyncio.Transport | None = None

    @property
    def load(self) -> int:
        return max(len(self._waiting), self.remote_load)

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        address = self.info.address
        if address.startswith("unix:"):
            await loop.create_unix_connection(lambda: self, address.removeprefix("unix:"))
        else:
            host, _, port = address.rpartition(":")
            await loop.create_connection(lambda: self, host, int(port))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self.is_connected = True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.is_connected = False
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(PlatformFault(f"The runner {self.info.name} went away."))

    def data_received(self, data: bytes) -> None:
        for word, header, body in self._frames.feed(data):
            self.remote_load = header["load"]
            waiting = self._waiting.get(header["id"])
            if waiting is None or waiting.done():
                continue
            if word is Word.DONE:
                waiting.set_result(wire.read_done(header, body, runner=self.info.name))
            elif word is Word.REFUSED:
                waiting.set_exception(wire.read_refused(header))
            elif word is Word.PHASE:
                self._watched[header["id"]].enter(Phase(header["phase"]))
            elif word is Word.EVENT:
                self._heard(self._watched[header["id"]], wire.read_event(header, body))
            elif word is Word.CANCELLED:
                waiting.cancel()

    async def run(
        self, spec: RunSpec, invocation: Invocation, exchange: Exchange | None = None
    ) -> Outcome:
        if exchange is not None:
            opening = wire.run(invocation.call_id, spec, invocation, Word.PASS)
            info, seconds = self.info, invocation.timeout
            return await tunnels.send(info.address, info.name, opening, exchange, seconds=seconds)
        if self._transport is None or not self.is_connected:
            raise PlatformFault(f"The runner {self.info.name} went away.")
        call = f"{invocation.call_id}#{next(self._numbers)}"
        waiting: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting[call] = waiting
        self._watched[call] = invocation
        self._transport.write(wire.run(call, spec, invocation))
        try:
            return await waiting
        except asyncio.CancelledError:
            if self.is_connected:
                self._transport.write(wire.frame(Word.CANCEL, {"id": call}))
                await self._see_it_end(call)
            raise
        finally:
            del self._waiting[call]
            del self._watched[call]

    async def _see_it_end(self, call: str) -> None:
        """Wait until the runner says that a cancelled call is over, but not for long."""
        ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting[call] = ended
        await asyncio.wait([ended], timeout=CANCEL_SECONDS + _LOOK_SECONDS)
        if ended.done() and not ended.cancelled():
            ended.exception()  # it has ended by itself meanwhile, or the runner has gone

    @staticmethod
    def _heard(invocation: Invocation, said: Event) -> None:
        if invocation.hear is not None:
            invocation.hear(said)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Fleet:
    """All runners a gateway may send calls to."""

    def __init__(self) -> None:
        self._runners: dict[tuple[str, str], RunnerClient] = {}

    async def renew(self, infos: Iterable[RunnerInfo]) -> None:
        """Connect to runners that are new, and let go of those no longer listed."""
        listed = {(info.name, info.address): info for info in infos}
        for key in [key for key in self._runners if key not in listed]:
            self._runners.pop(key).close()
        for key, info in listed.items():
            known = self._runners.get(key)
            if known is None or not known.is_connected:
                await self._connect(key, info)

    async def run(
        self, spec: RunSpec, invocation: Invocation, exchange: Exchange | None = None
    ) -> Outcome:
        runner = self._choose(spec, invocation.payer)
        patience = min(invocation.queue_seconds, _PATIENCE_SECONDS)
        while runner is None and patience > 0:  # one may be on its way back
            await asyncio.sleep(_LOOK_SECONDS)
            patience -= _LOOK_SECONDS
            runner = self._choose(spec, invocation.payer)
        if runner is None:
            raise NoRunner(machines.missing(spec.machine), retry_after=5)
        return await runner.run(spec, invocation, exchange)

    def close(self) -> None:
        for runner in self._runners.values():
            runner.close()
        self._runners.clear()

    async def _connect(self, key: tuple[str, str], info: RunnerInfo) -> None:
        runner = RunnerClient(info)
        try:
            await runner.connect()
        except OSError as error:
            logger.warning("The runner %s at %s does not answer: %s", *key, error)
            self._runners.pop(key, None)
        else:
            self._runners[key] = runner

    def _choose(self, spec: RunSpec, payer: str) -> RunnerClient | None:
        able = [
            runner
            for runner in self._runners.values()
            if runner.is_connected and spec.machine in runner.info.machines
        ]
        if not able:
            return None
        keeping = [runner for runner in able if runner.info.name == spec.runner]
        if keeping and (spec.kept or keeping[0].load < keeping[0].info.slots):
            return keeping[0]
        favourite = max(able, key=lambda runner: _affinity(runner, spec, payer))
        if favourite.load < favourite.info.slots:
            return favourite
        return min(able, key=lambda runner: runner.load / max(1, runner.info.slots))


def _affinity(runner: RunnerClient, spec: RunSpec, payer: str) -> bytes:
    """Rendezvous hashing: every gateway prefers the same runner, and few move when one leaves."""
    words = (runner.info.name, spec.algorithm, spec.source, spec.dependencies, payer)
    return hashlib.blake2b("\0".join(words).encode(), digest_size=8).digest()


def _unheard(_what: object) -> None:
    """A request that is passed on says nothing but its answer."""
