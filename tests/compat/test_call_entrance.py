"""Who gets past the entrance of calls, and what a refusal may say, without a runner."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote

import orjson
import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.test import Client

from marketplace.accounts import keys
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.compat import calls
from tests.factories import AlgorithmFactory, UserFactory, VersionFactory

pytestmark = pytest.mark.django_db(transaction=True)

OWN_PAGE = {"sec-fetch-site": "same-origin"}


async def post(address: str, **headers: str) -> tuple[dict[bytes, bytes], dict[str, Any]]:
    """What the entrance answers to a call with an empty body."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"1"}

    async def send(message: Any) -> None:
        sent.append(message)

    path, _, query = address.partition("?")
    scope = {
        "type": "http",
        "method": "POST",
        "path": unquote(path),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("192.0.2.1", 1),
    }
    await calls.application(scope, receive, send)
    return dict(sent[0]["headers"]), orjson.loads(sent[1]["body"])


def cookie_of(user: Any) -> str:
    browser = Client()
    browser.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"


def _key(actor: Actor) -> str:
    owner = Owner.objects.get(pk=actor.owner_id or "")
    return keys.create(owner, by=actor, label="program")[1]


@sync_to_async
def private_algorithm_of(actor: Actor) -> tuple[Owner, str]:
    owner = Owner.objects.select_related("user").get(pk=actor.owner_id or "")
    VersionFactory.create(build__algorithm=AlgorithmFactory.create(owner=owner, name="Secret"))
    return owner, cookie_of(owner.user)


async def test_refusal_of_an_address_with_line_ends_stays_in_one_header(alice: Actor) -> None:
    secret = await sync_to_async(_key)(alice)
    crooked = quote("nobody/x\r\nSet-Cookie: sessionid=chosen", safe="/")

    headers, answer = await post(f"/v1/algo/{crooked}", authorization=secret)

    assert b"\r" not in headers[b"x-error-message"]
    assert b"\n" not in headers[b"x-error-message"]
    assert "not found" in answer["error"]["message"]


async def test_session_of_a_suspended_person_is_nobodys(alice: Actor) -> None:
    owner, cookie = await private_algorithm_of(alice)
    path = "/v1/web/algo/alice/Secret/0.1.0"
    _, before = await post(path, cookie=cookie, **OWN_PAGE)
    owner.is_suspended = True
    await owner.asave()

    _, after = await post(path, cookie=cookie, **OWN_PAGE)

    assert "journal" in before["error"]["message"]  # admitted: this process runs no calls
    assert "not found" in after["error"]["message"]


async def test_session_of_somebody_without_a_name_in_addresses_is_nobodys(db: None) -> None:
    cookie = await sync_to_async(lambda: cookie_of(UserFactory.create()))()

    _, answer = await post("/v1/web/algo/alice/Hello", cookie=cookie, **OWN_PAGE)

    assert "not found" in answer["error"]["message"]


async def test_rights_of_the_owner_are_nobodys_to_ask_for(alice: Actor) -> None:
    await private_algorithm_of(alice)
    secret = await sync_to_async(_key)(alice)
    path = "/v1/algo/alice/Secret/0.1.0"

    _, refused = await post(f"{path}?sudo=True", authorization=secret)
    _, plain = await post(f"{path}?sudo=false&unknown=1", authorization=secret)

    assert refused["error"]["message"].startswith("sudo is not offered here")
    assert "journal" in plain["error"]["message"]  # admitted: this process runs no calls
