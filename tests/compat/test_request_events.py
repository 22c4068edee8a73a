"""A stream of how a call gets on: it has one beginning, and ends with the rights to follow it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.utils import timezone

from algorithms.models import CallRequest
from marketplace.accounts import keys
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import APIKey, Owner
from marketplace.compat import request_events
from tests.factories import AlgorithmFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def key(alice: Actor) -> tuple[APIKey, str]:
    return keys.create(Owner.objects.get(pk=alice.owner_id or ""), by=alice, label="mine")


@pytest.fixture
def request_id(alice: Actor) -> uuid.UUID:
    made = CallRequest.objects.create(
        id=uuid.uuid4(),
        caller=Owner.objects.get(pk=alice.owner_id or ""),
        algorithm=AlgorithmFactory.create(),
        actor={},
        target={},
        input_kind="json",
        input_body=b"1",
        expires_at=timezone.now() + timedelta(hours=1),
    )
    return made.pk


async def begin(request_id: uuid.UUID, secret: str) -> ApplicationCommunicator:
    """Ask to follow the call."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": f"/v1/requests/req-{request_id}/events",
        "query_string": b"",
        "headers": [
            (b"authorization", f"Simple {secret}".encode()),
            (b"accept", b"text/event-stream"),
        ],
    }
    following = ApplicationCommunicator(request_events.application, scope)
    await following.send_input({"type": "http.request", "body": b""})
    return following


async def stream(request_id: uuid.UUID, secret: str) -> ApplicationCommunicator:
    """Follow the call, and hear how the stream begins."""
    following = await begin(request_id, secret)
    assert (await following.receive_output(timeout=60))["status"] == 200
    assert b"event: news" in (await following.receive_output(timeout=60))["body"]
    return following


async def test_a_key_of_web_pages_follows_nothing_for_programs(
    alice: Actor, request_id: uuid.UUID
) -> None:
    scopes = replace(keys.FULL, from_native=False, from_web=True, web_origin="shop.example.org")
    make = sync_to_async(keys.create)
    owner = await Owner.objects.aget(pk=alice.owner_id or "")
    _key, secret = await make(owner, by=alice, label="page", scopes=scopes)

    refused = await begin(request_id, secret)

    assert (await refused.receive_output(timeout=60))["status"] == 403
    assert b"not for programs" in (await refused.receive_output(timeout=60))["body"]


async def rest(following: ApplicationCommunicator) -> list[dict[str, Any]]:
    """What the stream still says until it is over."""
    await following.wait(timeout=60)
    said = []
    while not following.output_queue.empty():
        said.append(following.output_queue.get_nowait())
    return said


@pytest.mark.parametrize("revokes", [True, False])
async def test_a_stream_ends_with_its_key_and_with_a_fault_and_never_begins_again(
    alice: Actor,
    key: tuple[APIKey, str],
    request_id: uuid.UUID,
    monkeypatch: pytest.MonkeyPatch,
    revokes: bool,
) -> None:
    monkeypatch.setattr(request_events, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(request_events, "ADMIT_SECONDS", 0.0 if revokes else 60.0)
    break_it: Callable[[], object] = (
        (lambda: keys.revoke(key[0], by=alice)) if revokes else CallRequest.objects.all().delete
    )

    following = await stream(request_id, key[1])
    await sync_to_async(break_it)()
    said = await rest(following)

    assert said == [{"type": "http.response.body", "body": b""}]
