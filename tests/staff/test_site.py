"""What staff set for the whole site, and what then holds."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from algorithms import gateway
from data_collections import quotas
from marketplace.accounts import actors, limits, registration, site_settings
from marketplace.accounts.models import (
    Announcement,
    AuditEntry,
    HealthDay,
    Incident,
    InviteCode,
    Notification,
    Owner,
    User,
)
from marketplace.lib import secret_file
from marketplace.lib.errors import TooMany
from marketplace.staff import health_samples
from runners.models import Environment
from tests.catalog.moderation.conftest import signed_in
from tests.factories import AlgorithmFactory, EnvironmentFactory, OwnerFactory

pytestmark = pytest.mark.django_db
PERSON = {"email": "new@example.org", "password": "correct horse battery"}


@pytest.fixture(autouse=True)
def _fresh_counts() -> Iterator[None]:
    cache.clear()
    limits.forget()
    yield
    cache.clear()
    limits.forget()


@pytest.fixture
def staff(db: None) -> Client:
    return signed_in("stella", is_staff=True)


SETTINGS = {"title": "", "terms_url": "", "sign_up": "open"}


def test_pages_of_staff_refuse_everybody_else(client: Client) -> None:
    person = signed_in("carl")
    pages = ("settings", "announcements", "limits", "environments", "incidents", "audit")

    assert {person.get(f"/staff/{page}/").status_code for page in pages} == {403}
    assert {client.get(f"/staff/{page}/").status_code for page in pages} == {302}
    assert person.post("/staff/settings/", SETTINGS | {"title": "Mine"}).status_code == 403
    assert site_settings.title() == "Agorithm"


def test_title_terms_and_sign_up_are_set_and_hold(staff: Client, client: Client) -> None:
    bad = staff.post("/staff/settings/", SETTINGS | {"terms_url": "javascript:alert(1)"})
    assert bad.status_code == 400
    form = {"title": "Lab Market", "terms_url": "https://example.org/terms", "sign_up": "closed"}
    assert staff.post("/staff/settings/", form).status_code == 302

    shown = client.get("/").content.decode()
    assert "Lab Market" in shown
    assert 'href="https://example.org/terms"' in shown
    closed = client.post("/sign_up/", PERSON | {"username": "newbie"})
    assert "takes no new accounts" in closed.content.decode()
    assert not User.objects.filter(username="newbie").exists()
    assert (
        AuditEntry.objects.get(action="changed the site's settings").details["title"]
        == "Lab Market"
    )


def test_invitation_lets_in_as_often_as_it_says(staff: Client, client: Client) -> None:
    staff.post("/staff/settings/", SETTINGS | {"sign_up": "invite"})
    staff.post("/staff/invitations/", {"code": "friends-2026", "uses": "1"})

    without = client.post("/sign_up/", PERSON | {"username": "newbie"})
    assert "need an invitation code" in without.content.decode()
    invited = {"invitation": "friends-2026"}
    assert client.post("/sign_up/", PERSON | invited | {"username": "newbie"}).status_code == 200
    assert User.objects.filter(username="newbie").exists()
    again = PERSON | invited | {"username": "second", "email": "second@example.org"}
    assert "not valid or used up" in Client().post("/sign_up/", again).content.decode()
    assert InviteCode.objects.get().uses_left == 0


def test_sign_ups_of_one_address_are_bounded(client: Client, settings: Settings, db: None) -> None:
    settings.SIGN_UPS_PER_HOUR = 1
    first = client.post("/sign_up/", PERSON | {"username": "newbie"})
    second = Client().post(
        "/sign_up/", PERSON | {"username": "second", "email": "second@example.org"}
    )

    assert "default-key" in first.content.decode()
    assert "Too many attempts" in second.content.decode()
    assert not User.objects.filter(username="second").exists()


def test_announcement_is_shown_in_its_time_and_put_away(staff: Client, client: Client) -> None:
    form = {"text": "Down on Sunday", "severity": "warning", "is_dismissible": "on"}
    later = (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    staff.post("/staff/announcements/", form)
    staff.post("/staff/announcements/", form | {"text": "Not yet", "starts_at": later})

    shown = client.get("/").content.decode()
    assert "Down on Sunday" in shown
    assert "Not yet" not in shown
    one = Announcement.objects.get(text="Down on Sunday")
    put_away = client.post(f"/announcements/{one.pk}/dismiss/", {"next": "/explore/"})
    assert put_away["Location"] == "/explore/"
    assert "Down on Sunday" not in client.get("/").content.decode()
    assert "Down on Sunday" in Client().get("/").content.decode()
    staff.post(f"/staff/announcements/{one.pk}/end/")
    assert "Down on Sunday" not in Client().get("/").content.decode()


def test_limits_of_one_owner_differ_and_are_enforced(staff: Client, settings: Settings) -> None:
    owner = OwnerFactory.create(name="carl")
    form = {"owner": "carl", "calls_at_once": "1", "storage_bytes": "0.5", "builds_at_once": "2"}
    assert staff.post("/staff/limits/", form | {"owner": "nobody"}).status_code == 400
    assert staff.post("/staff/limits/", form).status_code == 302

    assert owner.user is not None
    by = actors.of_user(owner.user)
    assert quotas.usage(owner, by=by).limit == 2**29
    assert limits.builds_at_once(owner.pk) == 2
    limits.refresh()
    gateway._admit(owner.pk.hex)
    with pytest.raises(TooMany, match="has 1 calls running"):
        gateway._admit(owner.pk.hex)
    gateway._dismiss(owner.pk.hex)
    assert limits.calls_at_once("somebody else") == settings.CALLS_PER_ACCOUNT


def test_retired_environment_is_not_offered_and_its_authors_are_told(staff: Client) -> None:
    environment = EnvironmentFactory.create()
    AlgorithmFactory.create(owner=OwnerFactory.create(name="anna"), environment=environment)
    page = f"/staff/environments/{environment.slug}/"
    notice = {"part": "notice", "notice": "Python 3.11 ends in 2027.", "on": "", "successor": ""}

    assert staff.post(page, notice).status_code == 302
    assert staff.post(page, notice).status_code == 302
    announced = Notification.objects.get(user__username="anna")
    assert staff.post(page, {"part": "retired"}).status_code == 302

    assert announced.title == "Python 3.11 will change"
    assert not Environment.objects.offered().exists()
    news = Notification.objects.filter(user__username="anna").exclude(pk=announced.pk).get()
    assert news.title == "Python 3.11 is retired"
    assert news.body.startswith("Python 3.11 ends in 2027.")


def test_status_tells_days_and_incidents(staff: Client, client: Client) -> None:
    HealthDay.objects.create(
        component="calls",
        day=timezone.now().date() - timedelta(days=1),
        samples=200,
        failures=3,
        sampled_at=timezone.now() - timedelta(days=1),
    )
    problems = health_samples.sample()
    staff.post("/staff/incidents/", {"title": "Calls fail", "text": "We are looking."})
    incident = Incident.objects.get()
    staff.post(
        f"/staff/incidents/{incident.pk}/", {"state": "resolved", "text": "A disk was full."}
    )

    shown = client.get("/status/").content.decode()

    assert problems == {"calls": "no runner is there"}
    calls = next(one for one in health_samples.components() if one.slug == "calls")
    assert (calls.days[-2].percent, calls.is_well, len(calls.days)) == (98.5, False, 90)
    assert "A disk was full." in shown
    assert "98.5 %" in shown


def test_unknown_addresses_answer_in_the_way_they_were_asked(client: Client) -> None:
    api = client.get("/api/nope")
    page = client.get("/no/such/page")

    assert (api.status_code, page.status_code) == (404, 404)
    assert api.json() == {"error": {"code": 5004, "message": "There is nothing at /api/nope."}}
    assert page["X-Request-Id"].startswith("req-")
    assert page["X-Request-Id"] in page.content.decode()


def test_our_own_failure_has_a_number(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, db: None
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(health_samples, "components", fail)
    client = Client(raise_request_exception=False)

    page = client.get("/status/", headers={"X-Request-Id": "mine\r\n1"})

    assert page.status_code == 500
    assert page["X-Request-Id"] in page.content.decode()
    assert "mine" not in page["X-Request-Id"]


def test_first_secret_is_the_same_for_all_who_come_at_once(tmp_path: Path) -> None:
    path = tmp_path / "data" / "secret_key"

    with ThreadPoolExecutor(8) as threads:
        secrets = set(threads.map(lambda _: secret_file.read_or_make(path), range(32)))

    assert len(secrets) == 1
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["secret_key"]


def test_name_that_git_cannot_take_signs_with_the_account(alice: actors.Actor) -> None:
    User.objects.filter(username="alice").update(full_name=" <>.,; ")
    owner = Owner.objects.get(name="alice")

    assert registration.check_name("free_name") == "free_name"
    assert owner.user is not None
