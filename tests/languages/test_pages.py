from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.core import mail as outbox
from django.test import Client, override_settings
from django.utils import translation
from django.utils.translation import gettext

from marketplace.accounts import notifications
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Notification, Owner, User
from tests.factories import OwnerFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("language", "heading"),
    [("en", "Sign in"), ("de", "Anmelden"), ("zh-hans", "登录"), ("zh-CN,zh;q=0.9", "登录")],
)
def test_page_is_in_the_language_that_the_browser_asks_for(
    client: Client, language: str, heading: str
) -> None:
    answer = client.get("/sign_in/", headers={"Accept-Language": language})

    page = answer.content.decode()
    code = {"en": "en", "de": "de"}.get(language, "zh-hans")
    assert f'<html lang="{code}" dir="ltr"' in page
    assert f">{heading}</button>" in page
    assert answer["Content-Language"] == code
    assert {"Accept-Language", "Cookie"} <= set(answer["Vary"].split(", "))


def test_scripts_find_their_words_only_where_they_need_them(client: Client) -> None:
    english = client.get("/sign_in/").content.decode()
    german = client.get("/sign_in/", headers={"Accept-Language": "de"}).content.decode()

    assert 'id="words"' not in english
    found = re.search(r'<script id="words" type="application/json">(.*?)</script>', german)
    assert found
    assert json.loads(found[1])["Copied"] == "Kopiert"


def test_switch_is_remembered_by_the_browser_and_leads_back(client: Client) -> None:
    answer = client.post("/language/", {"language": "de", "next": "/explore/?q=x"})

    assert (answer.status_code, answer["Location"]) == (302, "/explore/?q=x")
    page = client.get("/sign_in/", headers={"Accept-Language": "zh-hans"}).content.decode()
    assert '<html lang="de"' in page


def test_switch_is_remembered_in_the_profile(client: Client, alice: Actor) -> None:
    person = User.objects.get(username=alice.name)
    client.force_login(person)

    client.post("/language/", {"language": "zh-hans", "next": "/"})

    person.refresh_from_db()
    assert person.language == "zh-hans"


def test_switch_leads_to_no_other_site_and_to_no_unknown_language(client: Client) -> None:
    answer = client.post("/language/", {"language": "fr", "next": "https://elsewhere.example/"})

    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert answer.cookies == {}


def test_programs_are_answered_in_english(client: Client, alice: Actor) -> None:
    client.force_login(User.objects.get(username=alice.name))

    answer = client.post(
        "/api/organizations/none/answer",
        "{}",
        content_type="application/json",
        headers={"Accept-Language": "de"},
    )

    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "answer: This field is required."
    assert "Accept-Language" not in answer.get("Vary", "")


@pytest.mark.parametrize(
    ("language", "since"),
    [("en", "here since March 2026"), ("de", "hier seit März 2026"), ("zh-hans", "2026年3月 加入")],
)
def test_dates_follow_the_language(client: Client, language: str, since: str) -> None:
    owner = OwnerFactory.create(name="carol")
    Owner.objects.filter(pk=owner.pk).update(created_at=datetime(2026, 3, 5, tzinfo=UTC))

    page = client.get("/u/carol/", headers={"Accept-Language": language}).content.decode()

    assert since in page


@override_settings(LANGUAGES=[*settings.LANGUAGES, ("ar", "English, right to left")])
def test_pages_can_be_looked_at_from_right_to_left(client: Client) -> None:
    page = client.get("/sign_in/", headers={"Accept-Language": "ar"}).content.decode()

    assert '<html lang="ar" dir="rtl"' in page
    assert ">Sign in</button>" in page


def test_each_is_told_in_the_language_they_read(alice: Actor, bob: Actor, mallory: Actor) -> None:
    User.objects.filter(username=alice.name).update(language="de", seen_language="en")
    User.objects.filter(username=bob.name).update(seen_language="zh-hans")
    people = [alice.user_id or 0, bob.user_id or 0, mallory.user_id or 0]

    with translation.override("de"):
        notifications.tell(
            people, kind="billing", title=lambda: gettext("You can be paid now"), body="Own words"
        )
        for row in Notification.objects.all():
            notifications.mail(row.pk)

    said = {"alice": "Sie können jetzt Geld erhalten", "bob": "您现在可以收款了"}
    said["mallory"] = "You can be paid now"
    rows = Notification.objects.values_list("user__username", "title", "body")
    assert set(rows) == {(name, title, "Own words") for name, title in said.items()}
    assert {mail.subject.split("] ")[1] for mail in outbox.outbox} == set(said.values())


def test_signing_in_keeps_what_pages_are_read_in(client: Client, alice: Actor) -> None:
    person = User.objects.get(username=alice.name)
    person.set_password("correct horse battery")
    person.save()
    given = {"login": person.username, "password": "correct horse battery"}

    german = {"Accept-Language": "de"}
    client.post("/sign_in/", given, headers=german)
    history = client.get("/security/history/", headers=german).content.decode()
    notifications.tell(
        [person.pk], kind="billing", title=lambda: gettext("You can be paid now"), body=""
    )

    assert Notification.objects.get().title == "Sie können jetzt Geld erhalten"
    assert "hat sich angemeldet" in history


def test_refusals_are_in_the_language_of_the_page_and_of_programs_in_english(
    client: Client, alice: Actor
) -> None:
    german = {"Accept-Language": "de"}

    page = client.post("/sign_in/", {"login": alice.name, "password": "no"}, headers=german)
    client.force_login(User.objects.get(username=alice.name))
    made = client.post("/organizations/", {"name": "9x", "label": "Nine"}, headers=german)
    answer = client.get("/v1/connector/data/alice/none", headers=german)

    assert "Der Name oder das Passwort ist nicht richtig." in page.content.decode()
    assert "Name der Organisation: &#x27;9x&#x27; geht nicht." in made.content.decode()
    assert "does not exist, or you may not know of it." in answer.content.decode()
