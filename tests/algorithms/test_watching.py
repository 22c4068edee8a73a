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
from django.utils import timezone

from algorithms import phases
from algorithms.models import Call
from algorithms.routing import websocket_urlpatterns
from marketplace.accounts import actors, keys
from marketplace.accounts.models import APIKey, User
from marketplace.lib import live
from runners.specs import Phase
from tests.factories import OwnerFactory, VersionFactory

pytestmark = pytest.mark.django_db(transaction=True)


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
    assert (await socket.receive_output(timeout=5))["type"] == "websocket.accept"
    return socket


async def heard(socket: ApplicationCommunicator) -> dict[str, Any]:
    frame = await socket.receive_output(timeout=10)
    read: dict[str, Any] = orjson.loads(frame["text"]) if frame.get("text") else frame
    return read


async def left(socket: ApplicationCommunicator) -> None:
    await socket.send_input({"type": "websocket.disconnect", "code": 1000})
    await socket.wait(timeout=5)


def _person() -> User:
    user = OwnerFactory.create().user
    assert user is not None
    return user


def _key(user: User) -> APIKey:
    actor = actors.of_user(user)
    return keys.create(user.owner, by=actor, label="mine")[0]


async def test_a_page_hears_each_phase_and_a_lost_socket_hears_the_last_one() -> None:
    live.serve_on(asyncio.get_running_loop())
    ticket = phases.ticket(None)
    name = phases.name_in(ticket, None)
    assert name is not None
    socket = await connected(f"/ws/runs/{ticket}/", None)

    phases.tell(name, Phase.QUEUED)
    assert await heard(socket) == {"phase": "queued"}
    phases.tell(name, Phase.STARTING)
    assert await heard(socket) == {"phase": "starting"}
    await left(socket)
    again = await connected(f"/ws/runs/{ticket}/", None)

    assert await heard(again) == {"phase": "starting"}
    await left(again)
    live.serve_on(None)


async def test_a_ticket_of_somebody_else_opens_nothing() -> None:
    user = await sync_to_async(_person)()

    theirs = await connected(f"/ws/runs/{phases.ticket(user.pk)}/", None)
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
