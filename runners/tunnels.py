"""A request passed on as it is: the stream of bytes between its caller's side and an author's app.

Whoever asks gives an *exchange*: what is to be said over the stream, and why it failed if it did.
The stream leads straight into a sandbox of this process, or over a connection of its own to a
runner elsewhere; either way whoever reads slowly is waited for, so memory is bounded.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, Protocol

import orjson

from runners.errors import PlatformFault, RunnerError
from runners.guests import OutOfTime
from runners.protocol import Frame
from runners.specs import Failure, Invocation, Outcome, RunSpec
from runners.wire import PREFIX, Word, done, frame, read_done, read_refused, refused

logger = logging.getLogger(__name__)

NAME: Final = "tunnel.sock"
PIECE: Final = 64 * 1024
_LONGEST_FRAME: Final = 64 * 1024 * 1024
_TO_CONNECT: Final = 20.0
_TO_END: Final = 1.0
"""What a runner has beyond the time of an exchange to say that it is over."""


class Stream(Protocol):
    """Bytes both ways; `read` gives nothing at the end."""

    async def read(self) -> bytes: ...

    async def write(self, data: bytes) -> None: ...


Exchange = Callable[[Stream], Awaitable[Failure | None]]
Talk = Exchange | None
Run = Callable[[RunSpec, Invocation, Exchange], Awaitable[Outcome]]


class _Socket:
    """A stream over a connection, which must be used by one reader and one writer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        try:
            return await self._reader.read(PIECE)
        except ConnectionError:
            return b""

    async def write(self, data: bytes) -> None:
        with contextlib.suppress(ConnectionError):  # an app may answer without reading all
            self._writer.write(data)
            await self._writer.drain()

    def close(self) -> None:
        self._writer.close()


class Door:
    """Where one sandbox dials in for each request that is passed on, and never else."""

    def __init__(self) -> None:
        self._awaited: asyncio.Future[_Socket] | None = None

    async def listen(self, folder: Path) -> asyncio.Server:
        return await asyncio.start_unix_server(self._welcome, folder / NAME, limit=PIECE)

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._awaited is None or self._awaited.done():
            writer.close()
            return
        self._awaited.set_result(_Socket(reader, writer))

    async def answer(
        self, answer: Awaitable[Frame], exchange: Exchange | None, *, seconds: float
    ) -> _Passed:
        """Have the exchange, if there is one, with who dials in; then wait for the guest's own word.

        Raises what `answer` raises: the guest is gone, or out of time. The exchange has as many
        seconds, whatever the guest says: nobody holds a sandbox by not taking its answer.
        """
        if exchange is None:
            return await answer, None
        answered: asyncio.Future[Any] = asyncio.ensure_future(answer)
        clock = asyncio.timeout(seconds)
        why = f"It was not answered, or the answer not taken, within {seconds:g} seconds."
        try:
            async with clock:
                return await self._talked(answered, exchange)
        except OutOfTime:
            raise OutOfTime(why) from None
        except TimeoutError:
            if clock.expired():
                raise OutOfTime(why) from None
            raise

    async def _talked(self, answered: asyncio.Future[Any], exchange: Exchange) -> _Passed:
        dialled: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._awaited = dialled
        talking: asyncio.Future[Any] | None = None
        stream: _Socket | None = None
        try:
            await asyncio.wait([dialled, answered], return_when=asyncio.FIRST_COMPLETED)
            if not dialled.done():  # the guest has found nobody to talk to
                return await answered, None
            stream = dialled.result()
            talking = asyncio.ensure_future(_held(exchange, stream))
            await asyncio.wait([talking, answered], return_when=asyncio.FIRST_COMPLETED)
            if answered.done():
                answered.result()  # raises if it is gone; else the rest is on its way
            failure = await talking
            stream.close()
            return await answered, failure
        finally:
            dialled.cancel()
            self._awaited = None
            tasks = [task for task in (answered, talking) if task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if stream is not None:
                stream.close()


async def _held(exchange: Exchange, stream: Stream) -> Failure | None:
    return await exchange(stream)


_Passed = tuple[Frame, Failure | None]


# Between a gateway and a runner elsewhere: a connection for each request


_Said = tuple[Word, dict[str, Any], bytes]


class _Framed:
    """A stream inside of frames, so that its end can be told from the loss of the connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.last: _Said | None = None  # what has ended the stream
        self._prefix: tuple[int, int, int] | None = None  # of a frame whose rest is on its way

    async def read(self) -> bytes:
        if self.last is not None:
            return b""
        said = await self.receive()
        if said[0] is Word.DATA:
            return said[2]
        self.last = said
        return b""

    async def write(self, data: bytes) -> None:
        if data:
            await self.send(frame(Word.DATA, {}, data))

    async def send(self, words: bytes) -> None:
        self._writer.write(words)
        await self._writer.drain()

    async def receive(self) -> _Said:
        """Give the next frame; whoever is cancelled meanwhile leaves it whole for the next."""
        if self._prefix is None:
            self._prefix = PREFIX.unpack(await self._reader.readexactly(PREFIX.size))
        word, header, body = self._prefix
        if header + body > _LONGEST_FRAME:
            raise ConnectionError("a frame over the limit")
        rest = await self._reader.readexactly(header + body)
        self._prefix = None
        return Word(word), orjson.loads(rest[:header]), rest[header:]

    def close(self) -> None:
        self._writer.close()


_LOST: Final = (ConnectionError, asyncio.IncompleteReadError, ValueError)


async def send(
    address: str, runner: str, opening: bytes, exchange: Exchange, *, seconds: float
) -> Outcome:
    """Have an exchange through a runner elsewhere, which keeps the time; raises its refusal.

    Its end cannot be heard while nobody takes what came before: then it is known by the clock.
    """
    lost = PlatformFault(f"The runner {runner} went away.")
    try:
        async with asyncio.timeout(_TO_CONNECT):
            stream = _Framed(*await _dial(address))
    except (OSError, TimeoutError):
        raise lost from None
    try:
        await stream.send(opening)
        said = await stream.receive()
        if said[0] is Word.OPEN:
            clock = asyncio.timeout(seconds + _TO_END)
            failure = None
            try:
                async with clock:
                    failure = await exchange(stream)
            except TimeoutError:
                if not clock.expired():
                    raise
            said = stream.last or (Word.END, {}, b"")
            if said[0] is Word.END and not clock.expired():
                problem = asdict(failure) if failure is not None else None
                await stream.send(frame(Word.END, {"failure": problem}))
        while said[0] not in (Word.DONE, Word.REFUSED):
            said = await stream.receive()
    except _LOST:
        raise lost from None
    finally:
        stream.close()
    if said[0] is Word.REFUSED:
        raise read_refused(said[1])
    return read_done(said[1], said[2], runner=runner)


async def _dial(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if address.startswith("unix:"):
        path = address.removeprefix("unix:")
        return await asyncio.open_unix_connection(path, limit=PIECE)
    host, _, port = address.rpartition(":")
    return await asyncio.open_connection(host, int(port), limit=PIECE)


_served: set[asyncio.Task[None]] = set()


class Serving:
    """The other end: a gateway's connection that has turned out to be for one request."""

    def __init__(self, transport: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=PIECE)
        protocol = asyncio.StreamReaderProtocol(reader)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        self._gateway = _Framed(reader, asyncio.StreamWriter(transport, protocol, reader, loop))

    def start(self, spec: RunSpec, invocation: Invocation, run: Run) -> None:
        """Run it and say how it has ended, to whoever is still there."""
        task = asyncio.get_running_loop().create_task(self._serve(spec, invocation, run))
        _served.add(task)
        task.add_done_callback(_served.discard)

    async def _serve(self, spec: RunSpec, invocation: Invocation, run: Run) -> None:
        try:
            outcome = await run(spec, invocation, self._exchange)
            words = done(invocation.call_id, outcome, 0)
        except RunnerError as error:
            words = refused(invocation.call_id, error, 0)
        except _LOST:
            words = b""
        except Exception:
            logger.exception("A request that was passed on failed inside the runner")
            fault = PlatformFault("The runner failed; its log says why.")
            words = refused(invocation.call_id, fault, 0)
        with contextlib.suppress(ConnectionError):
            await self._gateway.send(words)
        self._gateway.close()

    async def _exchange(self, stream: Stream) -> Failure | None:
        await self._gateway.send(frame(Word.OPEN, {}))
        taking = asyncio.ensure_future(self._take(stream))
        try:
            while data := await self._gateway.read():
                await stream.write(data)
        finally:
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)
        problem = self._gateway.last[1].get("failure") if self._gateway.last else None
        return Failure(**problem) if problem else None

    async def _take(self, stream: Stream) -> None:
        while data := await stream.read():
            await self._gateway.write(data)
        await self._gateway.send(frame(Word.END, {}))
