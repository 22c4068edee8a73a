"""The way out of a sandbox: an HTTP proxy on a unix socket that asks a policy first.

A sandbox has no network. What speaks HTTP inside is pointed at a forwarder on its loopback,
which carries the bytes to this proxy on the host: CONNECT tunnels and absolute-form requests.
A refusal is a 403 with a sentence that says why.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from runners.egress_policy import Policy, Refused

__all__ = ["Limits", "Policy", "Proxy", "Refused", "in_thread", "serve"]

logger = logging.getLogger(__name__)

CHUNK: Final = 64 * 1024
CLOSE_SECONDS: Final = 5.0
TRUSTED_SECONDS: Final = 60.0
"""How long the addresses of a host that is trusted by name are remembered."""
_ENDED: Final = b"\r\n\r\n"
_NOT_FORWARDED: Final = frozenset(
    {b"host", b"connection", b"proxy-connection", b"proxy-authorization", b"keep-alive", b"upgrade"}
)


def _forgotten(host: str, port: int) -> None:
    """Nobody counts what is refused."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one proxy does at most. Times are seconds."""

    head: int = 32 * 1024
    connections: int = 64
    head_seconds: float = 15.0
    connect_seconds: float = 15.0
    idle_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class _Target:
    host: str
    port: int
    head: bytes  # what goes to the target first; empty for a tunnel

    @property
    def is_tunnel(self) -> bool:
        return not self.head


class _BadRequest(Exception):
    """What came is no request to a proxy."""


class Proxy:
    """One listening socket and what is open through it."""

    def __init__(
        self,
        policy: Policy,
        limits: Limits,
        report: Callable[[str], None],
        refused: Callable[[str, int], None],
    ) -> None:
        self._policy = policy
        self._limits = limits
        self._report = report
        self._refused = refused
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self._known: dict[tuple[str, int], tuple[float, list[str]]] = {}
        self._resolving = asyncio.Lock()

    async def listen(self, path: Path) -> None:
        self._server = await asyncio.start_unix_server(
            self._accept, path=str(path), limit=self._limits.head
        )

    def close(self) -> None:
        """Stop listening and cut what is open."""
        if self._server is not None:
            self._server.close()
        for task in self._open:
            task.cancel()

    async def wait_closed(self) -> None:
        """Wait until everything that was open is gone."""
        await asyncio.gather(*self._open, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(self._limits.head_seconds):
                target = read_target(await reader.readuntil(_ENDED))
            self._require_room()
            await self._connect(target, reader, writer)
        except Refused as refusal:
            self._refused(target.host, target.port)
            self._report(str(refusal))
            await _answer(writer, "403 Forbidden", str(refusal))
        except (_BadRequest, asyncio.LimitOverrunError, asyncio.IncompleteReadError):
            await _answer(writer, "400 Bad Request", "This is not a request to an HTTP proxy.")
        except TimeoutError:
            await _answer(writer, "408 Request Timeout", "The request took too long to arrive.")
        except OSError:
            pass  # one of the two sides went away
        finally:
            await _close(writer)

    def _require_room(self) -> None:
        if len(self._open) > self._limits.connections:
            raise Refused(f"More than {self._limits.connections} connections are open.")

    async def _connect(
        self, target: _Target, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        addresses = await self._addresses(target)
        try:
            far_reader, far_writer = await self._dial(addresses, target.port)
        except OSError:
            await _answer(
                writer, "502 Bad Gateway", f"{target.host}:{target.port} does not answer."
            )
            return
        try:
            if target.is_tunnel:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                far_writer.write(target.head)
            await _carry(reader, writer, far_reader, far_writer, self._limits.idle_seconds)
        finally:
            await _close(far_writer)

    async def _addresses(self, target: _Target) -> list[str]:
        """Ask the policy; a trusted name is resolved once in a while, not for each connection."""
        if not self._policy.trusts(target.host, target.port):
            return await self._policy.addresses(target.host, target.port)
        async with self._resolving:
            until, known = self._known.get((target.host, target.port), (0.0, []))
            now = asyncio.get_running_loop().time()
            if now > until:
                known = await self._policy.addresses(target.host, target.port)
                self._known[target.host, target.port] = (now + TRUSTED_SECONDS, known)
            return known

    async def _dial(
        self, addresses: list[str], port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the first of these addresses that answers; no name is resolved again."""
        failure: OSError = OSError("no address")
        for address in addresses:
            try:
                async with asyncio.timeout(self._limits.connect_seconds):
                    return await asyncio.open_connection(address, port)
            except OSError as error:  # TimeoutError is one
                failure = error
        raise failure


async def serve(
    path: Path,
    policy: Policy,
    *,
    limits: Limits = Limits(),
    report: Callable[[str], None] = logger.info,
    refused: Callable[[str, int], None] = _forgotten,
) -> Proxy:
    """Listen at `path`; `report` hears each refusal as a sentence, `refused` as host and port."""
    proxy = Proxy(policy, limits, report, refused)
    await proxy.listen(path)
    return proxy


@contextlib.contextmanager
def in_thread(
    path: Path,
    policy: Policy,
    *,
    limits: Limits = Limits(),
    report: Callable[[str], None] = logger.info,
) -> Iterator[None]:
    """Listen at `path` on a loop in a thread of its own, for those who have no loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="egress", daemon=True)
    thread.start()

    async def end(proxy: Proxy) -> None:
        """Leave nothing open, not even what is just being accepted.

        The resolver's threads are not waited for: a lost name takes seconds.
        """
        proxy.close()
        await asyncio.sleep(0)  # what is being accepted must begin before it can be ended
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)  # the loop's turn to close what was aborted

    try:
        proxy = asyncio.run_coroutine_threadsafe(
            serve(path, policy, limits=limits, report=report), loop
        ).result()
        try:
            yield
        finally:
            asyncio.run_coroutine_threadsafe(end(proxy), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def read_target(head: bytes) -> _Target:
    """Read the head of a request to a proxy: where to, and what to say there."""
    request, *fields = head[: -len(_ENDED)].split(b"\r\n")
    words = request.split(b" ")
    if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
        raise _BadRequest
    method, where, version = words
    try:
        if method == b"CONNECT":
            parts = urlsplit("//" + where.decode("ascii"))
            return _Target(*_host_and_port(parts, default=None), head=b"")
        parts = urlsplit(where.decode("ascii"))
        host, port = _host_and_port(parts, default=80)
    except ValueError:
        raise _BadRequest from None
    if parts.scheme != "http":
        raise _BadRequest
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    authority = parts.netloc.rpartition("@")[2]
    kept = [
        line for line in fields if line.partition(b":")[0].strip().lower() not in _NOT_FORWARDED
    ]
    lines = [
        b" ".join((method, path.encode(), version)),
        b"Host: " + authority.encode(),
        *kept,
        b"Connection: close",
    ]
    return _Target(host, port, b"\r\n".join(lines) + _ENDED)


def _host_and_port(parts: SplitResult, *, default: int | None) -> tuple[str, int]:
    port = parts.port or default
    if not parts.hostname or port is None:
        raise ValueError
    return parts.hostname, port


async def _carry(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    far_reader: asyncio.StreamReader,
    far_writer: asyncio.StreamWriter,
    idle_seconds: float,
) -> None:
    """Carry bytes both ways until both sides have ended, or neither has spoken for too long."""
    last = _LastWord()
    there = asyncio.create_task(_pump(reader, far_writer, last))
    back = asyncio.create_task(_pump(far_reader, writer, last))
    try:
        while (left := last.at + idle_seconds - last.now()) > 0:
            _, unfinished = await asyncio.wait({there, back}, timeout=left)
            if not unfinished:
                return
    finally:
        there.cancel()
        back.cancel()
        await asyncio.gather(there, back, return_exceptions=True)


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, last: _LastWord
) -> None:
    while chunk := await reader.read(CHUNK):
        last.at = last.now()
        writer.write(chunk)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


class _LastWord:
    """When anything last went through a connection, on the loop's clock."""

    def __init__(self) -> None:
        self.now = asyncio.get_running_loop().time
        self.at = self.now()


async def _close(writer: asyncio.StreamWriter) -> None:
    """Say goodbye, but do not wait for long for a side that does not listen."""
    writer.close()
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await writer.wait_closed()
    except OSError:  # TimeoutError is one
        writer.transport.abort()
    except asyncio.CancelledError:
        writer.transport.abort()
        raise


async def _answer(writer: asyncio.StreamWriter, status: str, sentence: str) -> None:
    body = sentence.encode() + b"\n"
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with contextlib.suppress(OSError):
        writer.write(head.encode() + body)
        await writer.drain()
