"""The server's protocol through a real socket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn
import uvloop
from uvicorn.server import ServerState

from marketplace.http_protocol import OneWriteProtocol
from runners.relay import Receive, Scope, Send


async def _application(scope: Scope, receive: Receive, send: Send) -> None:
    path = scope["path"]
    if path == "/raises":
        raise ValueError
    if path == "/slow":
        await asyncio.sleep(0.3)
    headers = [(b"content-length", b"5")] if path == "/sized" else []
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if path == "/raises-after-head":
        raise ValueError
    if path == "/streamed":
        for piece in (b"one", b"two", b"three"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.body", "body": b"hello"})


@contextlib.asynccontextmanager
async def _serving(folder: Path) -> AsyncIterator[str]:
    config = uvicorn.Config(
        _application,
        http=OneWriteProtocol,
        lifespan="off",
        log_config=None,
    )
    config.load()
    state = ServerState()
    path = str(folder / "server.sock")
    server = await asyncio.get_running_loop().create_unix_server(
        lambda: OneWriteProtocol(config=config, server_state=state, app_state={}), path
    )
    yield path
    server.close()


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[str]:
    async with _serving(tmp_path) as path:
        yield path


async def _ask(address: str, request: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(address)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), timeout=60)
    writer.close()
    return answer


def _get(path: str, connection: str = "close") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: {connection}\r\n\r\n".encode()


async def test_a_response_of_known_size_comes_whole(address: str) -> None:
    answer = await _ask(address, _get("/sized"))

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\nhello")


async def test_a_streamed_response_comes_in_chunks(address: str) -> None:
    answer = await _ask(address, _get("/streamed"))

    assert answer.endswith(b"\r\n\r\n3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n")


async def test_requests_sent_at_once_are_answered_in_order(address: str) -> None:
    requests = _get("/sized", "keep-alive") + _get("/streamed", "keep-alive") + _get("/sized")

    answer = await _ask(address, requests)

    assert answer.count(b"HTTP/1.1 200 OK") == 3
    assert answer.index(b"three") > answer.index(b"hello")
    assert answer.endswith(b"hello")


@pytest.mark.parametrize("path", ["/raises", "/raises-after-head"])
async def test_an_application_that_fails_before_its_body_is_answered_with_500(
    address: str, path: str
) -> None:
    answer = await _ask(address, _get(path))

    assert answer.startswith(b"HTTP/1.1 500 ")
    assert answer.count(b"HTTP/1.1") == 1


def test_an_answer_to_somebody_who_has_gone_is_dropped_in_silence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def leave_and_ask() -> bytes:
        async with _serving(tmp_path) as address:
            _, writer = await asyncio.open_unix_connection(address)
            writer.write(_get("/slow", "keep-alive"))
            await writer.drain()
            await asyncio.sleep(0.1)
            writer.close()
            await asyncio.sleep(0.5)
            return await _ask(address, _get("/sized"))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # as the site is served
        answer = runner.run(leave_and_ask())

    assert caplog.records == []
    assert answer.endswith(b"hello")
