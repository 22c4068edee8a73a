from __future__ import annotations

import re

import pytest
from celery.result import AsyncResult
from django.core import mail
from django.core.mail import send_mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketplace.accounts import recovery
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tasks_run_at_once")]

NEW = "quite another phrase"


def link_in_mail() -> str:
    found = re.search(r"http://127\.0\.0\.1:8000(/\S+)", str(mail.outbox[0].body))
    assert found is not None
    return found[1]


def without_token(page: bytes) -> bytes:
    return re.sub(rb'(X-CSRFToken": "|csrfmiddlewaretoken" value="|nonce=")[^"]+', b"", page)


@pytest.mark.parametrize("login", ["alice", "ALICE@example.org"])
def test_the_link_sets_a_password_once_and_ends_other_sessions(
    client: Client, alice: Actor, login: str
) -> None:
    elsewhere = Client()
    elsewhere.force_login(User.objects.get())
    client.post("/sign_in/forgotten/", {"login": login})
    link = link_in_mail()

    shown = client.get(link)
    done = client.post(link, {"password": NEW})
    again = client.post(link, {"password": "a third phrase entirely"})

    assert mail.outbox[0].to == ["alice@example.org"]
    assert mail.outbox[0].from_email == "no-reply@127.0.0.1"
    assert (shown.status_code, done["Location"], again.status_code) == (200, "/sign_in/", 400)
    assert User.objects.get().check_password(NEW)
    assert elsewhere.get("/profile/").status_code == 302


def test_the_link_is_on_our_host_whatever_the_request_says(client: Client, alice: Actor) -> None:
    client.post("/sign_in/forgotten/", {"login": "alice"}, headers={"Host": "evil.test"})

    assert "evil.test" not in str(mail.outbox[0].body)


def test_who_asks_does_not_learn_who_exists(client: Client, alice: Actor) -> None:
    known = client.post("/sign_in/forgotten/", {"login": "alice"})
    unknown = client.post("/sign_in/forgotten/", {"login": "nobody"})

    assert without_token(known.content) == without_token(unknown.content)
    assert len(mail.outbox) == 1


def test_who_asks_waits_for_the_same_work_whoever_exists(
    client: Client, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued: list[object] = []

    def queue(arguments: object, _: object) -> AsyncResult[None]:
        queued.append(arguments)
        return AsyncResult("1")

    monkeypatch.setattr(recovery.send_link, "apply_async", queue)

    client.post("/sign_in/forgotten/", {"login": "somebody"})  # what a process asks once
    asked: list[list[str]] = []
    for login in ("alice", "nobody"):
        with CaptureQueriesContext(connection) as queries:
            client.post("/sign_in/forgotten/", {"login": login})
        asked.append([query["sql"].split()[0] for query in queries])

    assert queued == [("somebody",), ("alice",), ("nobody",)]
    assert asked == [["INSERT", "SELECT"]] * 2
    assert mail.outbox == []


def test_mail_server_that_is_away_is_asked_again_for_the_same_mail(
    client: Client, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = iter([ConnectionRefusedError, TimeoutError, None])

    def send(*letter: object) -> None:
        if (error := next(tries)) is not None:
            raise error
        send_mail(*letter)  # type: ignore[arg-type]

    monkeypatch.setattr(recovery, "send_mail", send)

    answer = client.post("/sign_in/forgotten/", {"login": "alice"})

    assert answer.status_code == 200
    assert [letter.to for letter in mail.outbox] == [["alice@example.org"]]


def test_asking_again_at_once_sends_nothing(client: Client, alice: Actor) -> None:
    for _ in range(3):
        client.post("/sign_in/forgotten/", {"login": "alice"})

    assert len(mail.outbox) == 1


def test_who_asks_for_ever_is_told_to_come_back(client: Client, alice: Actor) -> None:
    for number in range(30):
        client.post("/sign_in/forgotten/", {"login": f"nobody{number}"})

    refused = client.post("/sign_in/forgotten/", {"login": "alice"})

    assert "Too many attempts. Try again in" in refused.content.decode()
    assert mail.outbox == []


@pytest.mark.parametrize(
    "link", ["/sign_in/new_password/MQ/made-up/", "/sign_in/new_password/%C3%A9/x/"]
)
def test_a_made_up_link_is_refused(client: Client, alice: Actor, link: str) -> None:
    answer = client.post(link, {"password": NEW})

    assert answer.status_code == 400
    assert "Ask for a new one" in answer.content.decode()
    assert not User.objects.get().check_password(NEW)


def test_a_weak_password_is_refused_here_too(client: Client, alice: Actor) -> None:
    client.post("/sign_in/forgotten/", {"login": "alice"})

    answer = client.post(link_in_mail(), {"password": "password"})

    assert answer.status_code == 400
    assert not User.objects.get().check_password("password")


def test_an_account_without_a_password_gets_its_first(client: Client, alice: Actor) -> None:
    person = User.objects.get()
    person.set_unusable_password()
    person.save()

    client.post("/sign_in/forgotten/", {"login": "alice"})
    client.post(link_in_mail(), {"password": NEW})

    assert User.objects.get().check_password(NEW)


def test_the_mail_is_in_the_language_of_its_reader(client: Client, alice: Actor) -> None:
    User.objects.update(seen_language="de")

    client.post("/sign_in/forgotten/", {"login": "alice"}, headers={"Accept-Language": "en"})

    assert mail.outbox[0].subject == "Neues Passwort für alice"
    assert "das bisherige Passwort bleibt" in mail.outbox[0].body
