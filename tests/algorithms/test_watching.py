"""Sockets of an algorithm's page: they tell their own person, resume, and refuse strangers."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import orjson
import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.routing import URLRouter
from django.core.cache import cache
from django.utils import timezone

from algorithms import live_calls
from algorithms.live_calls import LiveCall
from algorithms.models import Call
from algorithms.routing import websocket_urlpatterns
from marketplace.accounts import actors, keys
from marketplace.accounts.models import APIKey, User
from marketplace.lib import live
from runners.hearing import Hearing
from runners.protocol import Frame, FrameType
from runners.specs import Event, Kind, Phase
from tests.factories import OwnerFactory, VersionFactory
from tests.runners.sandboxes import asking

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 60


async def connected(path: str, user: User | None) -> ApplicationCommunicator:
    place, _, query = path.partition("?")
    scope: dict[str, Any] = {
        "type": "websocket",
        "path": place,
        "query_string": query.encode(),
        "headers": [],
        "user": user,
    }
    socket = ApplicationCommunicator(URLRouter(websocket_urlpatterns), scope)
    await socket.send_input({"type": "websocket.connect"})
    assert (await socket.receive_output(timeout=PATIENCE))["type"] == "websocket.accept"
    return socket


async def heard(socket: ApplicationCommunicator) -> dict[str, Any]:
    frame = await socket.receive_output(timeout=PATIENCE)
    read: dict[str, Any] = orjson.loads(frame["text"]) if frame.get("text") else frame
    return read


async def left(socket: ApplicationCommunicator) -> None:
    await socket.send_input({"type": "websocket.disconnect", "code": 1000})
    await socket.wait(timeout=PATIENCE)


def _person() -> User:
    user = OwnerFactory.create().user
    assert user is not None
    return user


def _key(user: User) -> APIKey:
    actor = actors.of_user(user)
    return keys.create(user.owner, by=actor, label="mine")[0]


async def test_a_page_hears_how_a_run_gets_on_and_a_lost_socket_hears_the_last() -> None:
    live.serve_on(asyncio.get_running_loop())
    ticket, run = live_calls.ticket(None), uuid.uuid4()
    name = live_calls.name_in(ticket, None)
    assert name is not None
    call = LiveCall(name, run, shows_printed=True)
    socket = await connected(f"/ws/runs/{ticket}/", None)

    call.enter(Phase.QUEUED)
    assert await heard(socket) == {"phase": "queued", "run": str(run)}
    call.enter(Phase.RUNNING)
    assert await heard(socket) == {"phase": "running"}
    call.hear(Event(0.5, kind=Kind.JSON, output=b'{"n":1}'))
    output = {"content_type": "json", "value": {"n": 1}}
    assert await heard(socket) == {"progress": 0.5, "output": output}
    call.hear(Event(printed="Grü".encode()))
    assert await heard(socket) == {"printed": "Grü"}
    for text in ("ß", "e"):
        call.hear(Event(kind=Kind.TEXT, output=text.encode(), appends=True))
    texts = [await heard(socket)]
    while texts[-1] == {"output": {"content_type": "text", "value": "ß"}}:
        texts.append(await heard(socket))  # the first was told before the second came
    assert texts[-1] == {"output": {"content_type": "text", "value": "ße"}}
    await left(socket)
    again = await connected(f"/ws/runs/{ticket}/", None)

    last = await heard(again)
    assert (last["phase"], last["progress"], last["printed"]) == ("running", 0.5, "Grü")
    await left(again)
    call.end()
    live.serve_on(None)


async def test_a_flood_of_news_becomes_a_few_snapshots_of_bounded_size() -> None:
    name = live_calls.of_page(uuid.uuid4().hex)
    call = LiveCall(name, uuid.uuid4(), shows_printed=True)

    for number in range(1000):
        call.hear(Event(printed=b"x" * 1000, kind=Kind.TEXT, output=b"y" * 1000, appends=True))
        if not number % 100:
            await asyncio.sleep(0)
    while (await sync_to_async(live_calls.last)(name)).get("printed_bytes") != 1_000_000:
        await asyncio.sleep(0.05)
    call.end()

    said = live_calls.last(name)
    assert said["number"] < 100
    assert len(said["printed"]) == live_calls.MOST_PRINTED
    assert len(said["output"]["value"]) == live_calls.MOST_OUTPUT


async def test_no_partial_output_of_a_guest_breaks_those_who_follow() -> None:
    deep = b"[" * 500 + b"]" * 500
    said: list[tuple[list[bytes], tuple[str, object]]] = [
        ([b'{"a":1}', b'{"b":2}'], ("json", {"b": 2})),
        ([rb'"\ud800"'], ("text", r'"\ud800"')),
        ([b"1e999"], ("text", "1e999")),
        ([deep], ("text", deep.decode())),
    ]

    seen = []
    for bodies, _ in said:
        name = live_calls.of_page(uuid.uuid4().hex)
        call = LiveCall(name, uuid.uuid4(), shows_printed=True)
        hearing = Hearing(asking(), call.hear, 1)
        for body in bodies:
            hearing.partial(Frame(FrameType.EVENT, {"kind": "json", "appends": True}, body))
        while (found := await sync_to_async(live_calls.last)(name)).get("number") != len(bodies):
            await asyncio.sleep(0.01)
        call.end()
        output = orjson.loads(orjson.dumps(found))["output"]
        seen.append((output["content_type"], output["value"]))

    assert seen == [expected for _, expected in said]


async def test_what_was_said_last_is_empty_where_it_cannot_be_read() -> None:
    name = live_calls.of_page(uuid.uuid4().hex)
    call = LiveCall(name, uuid.uuid4(), shows_printed=True)

    call.hear(Event(kind=Kind.JSON, output=b"no json"))
    while await sync_to_async(cache.get)(live_calls._key(name)) is None:
        await asyncio.sleep(0.01)
    call.end()

    assert await sync_to_async(live_calls.last)(name) == {}


async def test_only_the_word_of_the_page_itself_cancels_its_run() -> None:
    live.serve_on(asyncio.get_running_loop())
    ticket = live_calls.ticket(None)
    name = live_calls.name_in(ticket, None)
    assert name is not None
    call = LiveCall(name, uuid.uuid4(), shows_printed=False)
    task = asyncio.ensure_future(asyncio.Event().wait())
    assert call.watch(task)
    own = await connected(f"/ws/runs/{ticket}/", None)
    others = await connected(f"/ws/runs/{live_calls.ticket(None)}/", None)

    for socket, words in [(others, '{"type": "cancel"}'), (own, "[]"), (own, '{"type":"wave"}')]:
        await socket.send_input({"type": "websocket.receive", "text": words})
    await asyncio.sleep(0.1)
    assert not task.cancelling()
    await own.send_input({"type": "websocket.receive", "text": '{"type": "cancel"}'})
    with pytest.raises(asyncio.CancelledError) as raised:
        await asyncio.wait_for(task, PATIENCE)

    assert raised.value.args == (live_calls.CANCELLED,)
    assert not call.watch(None)
    await left(own)
    await left(others)
    call.end()
    live.serve_on(None)


async def test_a_ticket_of_somebody_else_opens_nothing() -> None:
    user = await sync_to_async(_person)()

    theirs = await connected(f"/ws/runs/{live_calls.ticket(user.pk)}/", None)
    none = await connected("/ws/runs/no-ticket/", None)

    assert (await heard(theirs))["code"] == 4404
    assert (await heard(none))["code"] == 4404


async def test_the_first_call_of_a_key_is_told_to_its_person_only() -> None:
    user, stranger = await sync_to_async(_person)(), await sync_to_async(_person)()
    key = await sync_to_async(_key)(user)
    version = await sync_to_async(VersionFactory.create)()
    path = f"/ws/keys/{key.pk}/first-call/"
    socket = await connected(path, user)
    refused = await connected(path, stranger)

    call = {"root_id": uuid.uuid4(), "algorithm": version.algorithm, "version": version}
    await Call.objects.acreate(
        **call,
        key_id=key.pk,
        result=Call.Result.SUCCEEDED,
        total_us=410_000,
        started_at=timezone.now(),
    )

    assert (await heard(refused))["code"] == 4404
    expected = {"algorithm": str(version.algorithm), "seconds": 0.41, "succeeded": True}
    assert await heard(socket) == expected
    assert (await heard(socket))["code"] == 1000
    later = int((timezone.now() + timedelta(hours=1)).timestamp() * 1000)
    waiting = await connected(f"{path}?after={later}", user)
    assert await waiting.receive_nothing(timeout=0.2)
    await left(waiting)
