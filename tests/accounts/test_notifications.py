"""What people are told: rows, pages, choices, mails and the socket that pushes."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.routing import URLRouter
from django.core import mail as outbox
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks

from marketplace.accounts import notifications
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Notification, User
from marketplace.accounts.routing import websocket_urlpatterns
from tests.factories import OwnerFactory


def signed_in(actor: Actor) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=actor.name))
    return client


def told(actor: Actor, **fields: Any) -> Notification:
    assert actor.user_id is not None
    given = {"kind": "release", "title": "Digits 1.1.0 is out", "url": "/keys/"} | fields
    notifications.tell([actor.user_id], **given)
    return Notification.objects.filter(user=actor.user_id).latest("pk")


@pytest.mark.django_db
def test_unread_news_stand_first_and_in_the_head_of_every_page(alice: Actor, bob: Actor) -> None:
    told(alice, title="<b>First</b>")
    told(bob, title="Not for alice")
    client = signed_in(alice)

    page = client.get("/notifications/").content.decode()

    assert "1 unread" in page
    assert "just now</time>" in page
    assert "&lt;b&gt;First&lt;/b&gt;" in page
    assert "Not for alice" not in page
    assert 'aria-label="Notifications, 1 unread"' in client.get("/keys/").content.decode()


@pytest.mark.django_db
def test_opening_marks_as_read_and_leads_on_but_never_off_the_site(
    alice: Actor, mallory: Actor
) -> None:
    ours, theirs = told(alice), told(alice, url="https://evil.example/")
    client = signed_in(alice)

    assert signed_in(mallory).post(f"/notifications/{ours.pk}/").status_code == 404
    assert notifications.unread_count(alice.user_id or 0) == 2
    assert client.post(f"/notifications/{ours.pk}/")["Location"] == "/keys/"
    assert client.post(f"/notifications/{theirs.pk}/")["Location"] == "/notifications/"
    assert notifications.unread_count(alice.user_id or 0) == 0


@pytest.mark.django_db
def test_marking_all_leaves_what_came_after_the_page_was_shown(alice: Actor) -> None:
    shown, later = told(alice), told(alice, title="Later")

    signed_in(alice).post("/notifications/read/", {"up_to": str(shown.pk)})

    assert list(Notification.objects.unread().values_list("pk", flat=True)) == [later.pk]


@pytest.mark.django_db
def test_each_kind_goes_where_its_person_wants_it(
    alice: Actor, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    client = signed_in(alice)
    client.post("/notifications/settings/", {"mail-release": "on"})

    with django_capture_on_commit_callbacks() as callbacks:
        release = told(alice, kind="release")
        security = told(alice, kind="security")
        notifications.tell([alice.user_id or 0], kind="review", title="Five stars")
    for row in (release, security):
        notifications.mail(row.pk)
        notifications.mail(row.pk)

    assert release.read_at is not None
    assert security.read_at is None
    assert not Notification.objects.filter(kind="review").exists()
    assert [message.subject for message in outbox.outbox] == [
        "[Agorithm] Digits 1.1.0 is out",
    ]
    assert outbox.outbox[0].to == ["alice@example.org"]
    assert "/keys/" in outbox.outbox[0].body
    assert len(callbacks) == 3


@pytest.mark.django_db
def test_visitors_are_sent_to_sign_in(client: Client) -> None:
    assert client.get("/notifications/").status_code == 302
    assert client.get("/notifications/settings/").status_code == 302


async def connected(user: User | None, after: int = 0, **headers: str) -> ApplicationCommunicator:
    scope: dict[str, Any] = {
        "type": "websocket",
        "path": "/ws/notifications/",
        "query_string": f"after={after}".encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "user": user,
    }
    socket = ApplicationCommunicator(URLRouter(websocket_urlpatterns), scope)
    await socket.send_input({"type": "websocket.connect"})
    return socket


async def heard(socket: ApplicationCommunicator) -> dict[str, Any]:
    frame: dict[str, Any] = orjson.loads((await socket.receive_output(timeout=60))["text"])
    return frame


async def left(socket: ApplicationCommunicator) -> None:
    await socket.send_input({"type": "websocket.disconnect", "code": 1000})
    await socket.wait()


@pytest.mark.django_db(transaction=True)
async def test_open_page_is_told_at_once_and_a_lost_socket_resumes() -> None:
    owner = await sync_to_async(OwnerFactory.create)()
    user = await sync_to_async(lambda: owner.user)()
    assert user is not None
    tell = sync_to_async(notifications.tell)
    await tell([user.pk], kind="release", title="Before")
    socket = await connected(user)
    assert (await socket.receive_output(timeout=60))["type"] == "websocket.accept"
    first = await heard(socket)

    await tell([user.pk], kind="release", title="While open")
    second = await heard(socket)
    await left(socket)
    await tell([user.pk], kind="release", title="While away")
    resumed = await connected(user, after=second["after"])
    await resumed.receive_output(timeout=60)
    third = await heard(resumed)
    await left(resumed)

    assert (first["unread"], first["news"]) == (1, [])
    assert (second["unread"], [one["title"] for one in second["news"]]) == (2, ["While open"])
    assert (third["unread"], [one["title"] for one in third["news"]]) == (3, ["While away"])


@pytest.mark.django_db(transaction=True)
async def test_strangers_and_pages_of_other_sites_hear_nothing() -> None:
    owner = await sync_to_async(OwnerFactory.create)()
    user = await sync_to_async(lambda: owner.user)()

    visitor = await connected(None)
    elsewhere = await connected(user, origin="https://evil.example", host="testserver")

    await visitor.receive_output(timeout=60)
    assert (await visitor.receive_output(timeout=60))["code"] == 4403
    assert (await elsewhere.receive_output(timeout=60))["type"] == "websocket.close"
