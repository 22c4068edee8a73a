"""How soon a line that a builder writes is with whoever listens, on the site's own machinery."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import orjson
import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.routing import URLRouter
from django.db import connection
from uvicorn.protocols.utils import ClientDisconnected

from algorithms import build_logs
from algorithms.builds import Pulse
from algorithms.models import Build
from algorithms.routing import websocket_urlpatterns
from marketplace.accounts.models import User
from marketplace.lib import live
from marketplace.lib.sockets import Follower
from tests.factories import BuildFactory

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 60


def scope_of(build: Build, user: User | None) -> dict[str, Any]:
    return {
        "type": "websocket",
        "path": f"/ws/builds/{build.pk}/log/",
        "query_string": b"",
        "headers": [],
        "user": user,
    }


async def connected(build: Build, user: User | None) -> ApplicationCommunicator:
    """A socket to the consumer, as the server would hand it over."""
    application = URLRouter(websocket_urlpatterns)
    socket = ApplicationCommunicator(application, scope_of(build, user))
    await socket.send_input({"type": "websocket.connect"})
    assert (await socket.receive_output(timeout=PATIENCE))["type"] == "websocket.accept"
    return socket


async def heard(socket: ApplicationCommunicator) -> dict[str, Any]:
    frame = await socket.receive_output(timeout=PATIENCE)
    read: dict[str, Any] = orjson.loads(frame["text"])
    return read


async def owned_build(**fields: Any) -> tuple[Build, User | None]:
    build = await sync_to_async(BuildFactory.create)(**fields)
    return build, await sync_to_async(lambda: build.algorithm.owner.user)()


def write_slowly(build: Build, written: list[float]) -> None:
    """A builder in a worker's thread that says something every 150 ms."""
    try:
        with Pulse(build) as pulse:
            for number in range(10):
                written.append(time.monotonic())
                pulse.write(f"{number}")
                time.sleep(0.15)
    finally:
        connection.close()


async def test_line_is_with_the_listener_within_300_milliseconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Follower, "look_every", 3600.0)  # only news wakes it
    usual = [await usual_delay()]
    while min(usual) >= 0.3 and len(usual) < 4:  # the machine may be busy just then
        usual.append(await usual_delay())

    assert min(usual) < 0.3


async def usual_delay() -> float:
    """The seconds, in the middle of ten lines, between a line's writing and its arrival."""
    build, user = await owned_build(state=Build.State.RUNNING, attempts=1)
    live.serve_on(asyncio.get_running_loop())
    socket = await connected(build, user)
    written: list[float] = []
    arrived: dict[int, float] = {}
    worker = threading.Thread(target=write_slowly, args=(build, written))
    worker.start()
    try:
        while len(arrived) < 10:
            for line in (await heard(socket))["text"].split():
                arrived[int(line)] = time.monotonic()
    finally:
        await sync_to_async(worker.join)()
        await socket.send_input({"type": "websocket.disconnect", "code": 1000})
        await socket.wait()
        live.serve_on(None)

    return sorted(arrived[number] - written[number] for number in range(10))[5]


async def test_listener_is_told_of_an_end_that_no_message_announced() -> None:
    build, user = await owned_build(state=Build.State.RUNNING)
    socket = await connected(build, user)
    await sync_to_async(build_logs.append)(build.pk, "one\n")
    assert await heard(socket) == {"offset": 4, "text": "one\n"}

    await Build.objects.filter(pk=build.pk).aupdate(state=Build.State.FAILED, error="No.")

    last = await heard(socket)
    assert last == {"state": "failed", "error": "No.", "offset": 4}
    assert (await socket.receive_output(timeout=PATIENCE))["code"] == 1000


async def test_visitor_hears_nothing() -> None:
    build, _ = await owned_build()
    await sync_to_async(build_logs.append)(build.pk, "secret\n")

    socket = await connected(build, None)

    closed = await socket.receive_output(timeout=PATIENCE)
    assert (closed["type"], closed["code"]) == ("websocket.close", 4404)


async def test_page_that_is_left_while_it_is_told_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    build, user = await owned_build(state=Build.State.RUNNING)
    await sync_to_async(build_logs.append)(build.pk, "one\n")
    is_left = asyncio.Event()
    received = iter([{"type": "websocket.connect"}])
    tried: list[str] = []

    async def receive() -> dict[str, Any]:
        if (first := next(received, None)) is not None:
            return first
        await is_left.wait()
        return {"type": "websocket.disconnect", "code": 1006}

    async def send(message: dict[str, Any]) -> None:
        tried.append(message["type"])
        if message["type"] != "websocket.accept":
            is_left.set()
            raise ClientDisconnected

    serving = URLRouter(websocket_urlpatterns)(scope_of(build, user), receive, send)
    await asyncio.wait_for(serving, PATIENCE)

    assert tried == ["websocket.accept", "websocket.send"]
    assert caplog.records == []
