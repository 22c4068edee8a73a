"""The two ends of a conversation with git: a request's body as it comes, and a process.

One piece of at most a megabyte is in memory each way. Whoever falls silent is left alone
after two minutes, and nobody keeps a process for more than an hour.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import tempfile
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import IO, Final
from weakref import WeakValueDictionary

from marketplace.lib import pkt_lines
from marketplace.lib.errors import BadInput, Unavailable
from marketplace.lib.threads import Threads
from runners.relay import Receive, Send

logger = logging.getLogger(__name__)

SILENCE_SECONDS: Final = 120.0
LONGEST_SECONDS: Final = 3600.0
AT_ONCE: Final = 8
"""Git processes at the same time; whoever comes later waits a little."""

AT_ONCE_FOR_ONE: Final = 3
"""Of one account, so that nobody who dawdles keeps the others away."""

PATIENCE_SECONDS: Final = 30.0

_PIECE: Final = 1024 * 1024
_MOST_COMMANDS: Final = 4 * 1024 * 1024
_READ_ON: Final = 16
"""How many times the limit is read and thrown away, so that git hears why it is refused."""

threads: Final = Threads(4, "git")
_places: Final = asyncio.Semaphore(AT_ONCE)
_places_of_one: Final[WeakValueDictionary[object, asyncio.Semaphore]] = WeakValueDictionary()
"""Forgotten as soon as nobody holds or awaits one."""


class Departed(Exception):
    """Whoever asked has gone, or has been silent for too long."""


async def write(send: Send, data: bytes, *, is_last: bool = False) -> None:
    """Send a piece of the answer, for as long as somebody takes it."""
    if not data and not is_last:
        return
    message = {"type": "http.response.body", "body": data, "more_body": not is_last}
    try:
        await asyncio.wait_for(send(message), SILENCE_SECONDS)
    except (TimeoutError, OSError) as error:
        raise Departed from error


class Body:
    """The body of a request, unpacked if it came packed."""

    def __init__(self, receive: Receive, *, limit: int, is_gzipped: bool) -> None:
        self.size = 0
        self._receive = receive
        self._limit = limit
        self._unpacker = zlib.decompressobj(wbits=31) if is_gzipped else None
        self._packed = b""
        self._head: list[bytes] = []
        self._is_complete = False

    @property
    def is_too_large(self) -> bool:
        return self.size > self._limit

    async def commands(self) -> pkt_lines.Commands:
        """Read what a push wants to move; `pieces` gives it once more."""
        commands = pkt_lines.Commands()
        try:
            while not commands.is_complete and (piece := await self._next()):
                self._head.append(piece)
                commands.feed(piece)
                if not commands.is_complete and self.size > _MOST_COMMANDS:
                    raise BadInput("This push moves too many branches at once.")
        except pkt_lines.Malformed:
            raise BadInput("This is not what git sends.") from None
        return commands

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body, as far as it is within its limit."""
        for piece in self._head:
            yield piece
        self._head.clear()
        while (piece := await self._next()) and not self.is_too_large:
            yield piece

    async def read_on(self) -> None:
        """Throw away what is left, so that who sends it will read the answer."""
        while await self._next():
            if self.size > self._limit * _READ_ON:
                raise Departed

    async def departed(self) -> None:
        """Wait until whoever asked has gone, then raise Departed."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        raise Departed

    async def _next(self) -> bytes:
        """Some bytes; none at the end."""
        while not (self._is_complete and not self._packed):
            data = self._packed or await self._arriving()
            self._packed = b""
            if self._unpacker is not None:
                data = self._unpacked(data)
            if data:
                self.size += len(data)
                return data
        return b""

    async def _arriving(self) -> bytes:
        try:
            message = await asyncio.wait_for(self._receive(), SILENCE_SECONDS)
        except TimeoutError as error:
            raise Departed from error
        if message["type"] == "http.disconnect":
            raise Departed
        self._is_complete = not message.get("more_body", False)
        data: bytes = message.get("body", b"")
        return data

    def _unpacked(self, data: bytes) -> bytes:
        assert self._unpacker is not None  # noqa: S101 - the caller has looked
        try:
            unpacked = self._unpacker.decompress(data, _PIECE)
        except zlib.error:
            raise BadInput("The request says it is packed by gzip, but it is not.") from None
        self._packed = self._unpacker.unconsumed_tail
        return unpacked


class Git:
    """A running `git` that speaks its own protocol."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None  # noqa: S101 - asked for
        assert process.stdout is not None  # noqa: S101
        self._process = process
        self._stdin = process.stdin
        self._stdout = process.stdout
        self._is_fed = asyncio.Event()

    async def all(self) -> bytes:
        """Everything it says without being asked anything."""
        self._stdin.close()
        return await self._stdout.read()

    async def converse(self, body: Body, answer: Callable[[bytes], Awaitable[None]]) -> None:
        """Give it the body while passing on what it says, until it has nothing more to say."""
        feeding = asyncio.create_task(self._feed(body))
        try:
            while data := await self._stdout.read(_PIECE):
                await answer(data)
            await self._process.wait()
            await self._is_fed.wait()
            if feeding.done():
                feeding.result()
        finally:
            feeding.cancel()
            await asyncio.wait([feeding])

    async def _feed(self, body: Body) -> None:
        """Ends by itself only if whoever asked goes away; then it takes the process with it."""
        try:
            try:
                async for piece in body.pieces():
                    self._stdin.write(piece)
                    await self._stdin.drain()
            except (BrokenPipeError, ConnectionResetError):
                pass  # it has heard enough, and says why
            self._stdin.close()
            await body.read_on()
            self._is_fed.set()
            await body.departed()
        except BaseException:
            self._is_fed.set()
            raise
        finally:
            self.kill()

    def kill(self) -> None:
        """End it, and what it has started."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)


@contextlib.asynccontextmanager
async def running(
    command: list[str], environment: dict[str, str], protocol: str = "", *, account: object
) -> AsyncIterator[Git]:
    """Start git when there is a place for it, and see that it ends."""
    own = _places_of_one.setdefault(account, asyncio.Semaphore(AT_ONCE_FOR_ONE))
    async with _place(own), _place(_places):
        with tempfile.TemporaryFile() as complaints:
            git, process = await _started(command, environment, protocol, complaints)
            try:
                async with asyncio.timeout(LONGEST_SECONDS):
                    yield git
                    await process.wait()
            except TimeoutError as error:
                raise Departed from error
            finally:
                git.kill()
                await process.wait()
                _note(process, complaints)


async def _started(
    command: list[str], environment: dict[str, str], protocol: str, complaints: IO[bytes]
) -> tuple[Git, asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *command,
        env=environment | ({"GIT_PROTOCOL": protocol} if protocol else {}),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=complaints,
        start_new_session=True,
        limit=_PIECE,
    )
    return Git(process), process


@contextlib.asynccontextmanager
async def _place(places: asyncio.Semaphore) -> AsyncIterator[None]:
    try:
        await asyncio.wait_for(places.acquire(), PATIENCE_SECONDS)
    except TimeoutError:
        raise Unavailable(
            "Too many repositories are being read and written at the moment; try again.",
            retry_after=5,
        ) from None
    try:
        yield
    finally:
        places.release()


def _note(process: asyncio.subprocess.Process, complaints: IO[bytes]) -> None:
    complaints.seek(0)
    said = complaints.read(2000).decode(errors="replace").strip()
    if process.returncode and said:
        logger.warning("git ended with %s: %s", process.returncode, said)
