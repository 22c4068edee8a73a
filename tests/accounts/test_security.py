"""Second factor, recovery codes, browsers, “is it you?”, address, picture, export and the end."""

from __future__ import annotations

import io
import json
import re
import zipfile

import pyotp
import pytest
from django.core import mail as outbox
from django.test import Client
from PIL import Image
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from marketplace.accounts import actors, second_factor
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import (
    AuditEntry,
    Authenticator,
    Avatar,
    Notification,
    Owner,
    SignedInBrowser,
    User,
)
from marketplace.api.authentication import actor_from_basic
from marketplace.lib.errors import NotAllowed

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def signed_in(actor: Actor) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=actor.name))
    return client


def grow_stale(client: Client) -> None:
    """The person signed in some hours ago."""
    session = client.session
    session["confirmed_at"] = 0
    session.save()


@pytest.fixture
def app(alice: Actor) -> tuple[pyotp.TOTP, list[str]]:
    """The authenticator app of alice, and her recovery codes."""
    code = pyotp.TOTP(second_factor.begin(by=alice).unseal())
    codes = second_factor.confirm(code.now(), by=alice)
    Authenticator.objects.update(last_step=0)
    return code, codes


def with_password(client: Client, **headers: str) -> str:
    """Give where the password leads."""
    sent = {"login": "alice", "password": PASSWORD, "next": "/keys/"}
    return str(client.post("/sign_in/", sent, headers=headers)["Location"])


def test_app_is_set_up_by_a_page_and_then_asked_for_at_sign_in(alice: Actor) -> None:
    client = signed_in(alice)
    page = client.get("/security/app/").content.decode()
    secret = "".join(re.findall(r'id="app-secret"[^>]*>([^<]+)<', page)[0].split())

    wrong = client.post("/security/app/", {"code": "000000"})
    done = client.post("/security/app/", {"code": pyotp.TOTP(secret).now()})

    assert "<svg" in page
    assert (wrong.status_code, second_factor.codes_left(alice.user_id or 0)) == (400, 10)
    codes = re.findall(r"[a-z2-9]{4}(?:-[a-z2-9]{4}){3}", done.content.decode())
    assert len(codes) == 10
    assert secret not in str(Authenticator.objects.values_list("sealed_secret", flat=True))
    assert with_password(Client()) == "/sign_in/code/?next=/keys/"


def test_password_alone_lets_nobody_in_and_a_code_counts_once(
    app: tuple[pyotp.TOTP, list[str]],
) -> None:
    code = app[0].now()
    first, second = Client(), Client()
    with_password(first)
    with_password(second)

    before = first.get("/keys/").status_code
    entered = first.post("/sign_in/code/", {"code": code, "next": "/keys/"})
    again = second.post("/sign_in/code/", {"code": code})

    assert (before, entered["Location"], again.status_code) == (302, "/keys/", 400)
    assert first.get("/keys/").status_code == 200
    assert second.get("/keys/").status_code == 302


def test_recovery_code_lets_in_once_and_its_person_hears_of_it(
    app: tuple[pyotp.TOTP, list[str]],
) -> None:
    code = app[1][0].upper().replace("-", " ")
    first, second = Client(), Client()
    with_password(first)
    with_password(second)

    assert first.post("/sign_in/code/", {"code": code}).status_code == 302
    assert second.post("/sign_in/code/", {"code": code}).status_code == 400
    assert Notification.objects.filter(title="A recovery code was used to sign in").count() == 1


def test_guessing_codes_is_stopped_even_for_the_right_one(
    app: tuple[pyotp.TOTP, list[str]],
) -> None:
    client = Client()
    with_password(client)
    for _attempt in range(second_factor.MOST_WRONG):
        client.post("/sign_in/code/", {"code": "000000"})

    answer = client.post("/sign_in/code/", {"code": app[0].now()})

    assert "Too many attempts" in answer.content.decode()
    assert client.get("/keys/").status_code == 302


def test_programs_cannot_walk_past_the_second_factor(app: tuple[pyotp.TOTP, list[str]]) -> None:
    with pytest.raises(NotAllowed, match="send one of its API keys"):
        actor_from_basic("Basic YWxpY2U6Y29ycmVjdCBob3JzZSBiYXR0ZXJ5", address="1.2.3.4")


def test_dangerous_pages_ask_once_more_and_a_wrong_password_leads_nowhere(alice: Actor) -> None:
    client = signed_in(alice)
    grow_stale(client)

    asked = client.get("/security/app/")
    wrong = client.post("/confirm/", {"password": "wrong", "next": "/security/app/"})
    still = client.post("/profile/close/", {"name": "alice"})
    right = client.post("/confirm/", {"password": PASSWORD, "next": "/security/app/"})

    assert asked["Location"] == "/confirm/?next=%2Fsecurity%2Fapp%2F"
    assert (wrong.status_code, still["Location"][:9]) == (400, "/confirm/")
    assert right["Location"] == "/security/app/"
    assert client.get("/security/app/").status_code == 200
    assert Owner.objects.open().filter(name="alice").exists()


def test_browsers_are_listed_and_signed_out_from_elsewhere(alice: Actor, bob: Actor) -> None:
    here, elsewhere = Client(), Client()
    with_password(here, **{"User-Agent": FIREFOX})
    with_password(elsewhere)
    other = signed_in(bob)

    page = here.get("/security/").content.decode()
    row = SignedInBrowser.objects.exclude(agent=FIREFOX).get(user__username="alice")
    stolen = other.post(f"/security/browsers/{row.pk}/")
    here.post("/security/browsers/others/")

    assert "Firefox on Linux" in page
    assert stolen.status_code == 404
    assert here.get("/keys/").status_code == 200
    assert elsewhere.get("/keys/").status_code == 302
    assert other.get("/keys/").status_code == 200


def test_sign_in_with_a_new_browser_is_told_and_a_known_one_is_not(alice: Actor) -> None:
    for agent in ("", "", FIREFOX, FIREFOX):
        with_password(Client(), **{"User-Agent": agent})

    titles = Notification.objects.values_list("title", flat=True)
    assert list(titles) == ["New sign-in with Firefox on Linux"]
    assert AuditEntry.objects.filter(action="signed in").count() == 4


def test_new_address_counts_when_its_link_is_used_and_the_old_one_is_told(
    alice: Actor, bob: Actor, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    client = signed_in(alice)

    taken = client.post("/profile/email/", {"email": "BOB@example.org"})
    client.post("/profile/email/", {"email": "new@example.org"})
    link = re.findall(r"/profile/email/\S+", str(outbox.outbox[0].body))[0]
    shown = client.get(link)
    stranger = signed_in(bob).post(link)
    before = User.objects.get(username="alice").email
    with django_capture_on_commit_callbacks(execute=True):
        client.post(link)
    twice = client.post(link)

    assert (taken.status_code, shown.status_code, stranger.status_code) == (400, 200, 403)
    assert before == "alice@example.org"
    assert User.objects.get(username="alice").email == "new@example.org"
    assert twice.status_code == 400
    assert [message.to for message in outbox.outbox] == [["new@example.org"], ["alice@example.org"]]


def test_language_and_colours_come_along_to_the_next_browser(alice: Actor) -> None:
    saved = signed_in(alice).post("/profile/", {"language": "de", "theme": "dark"})
    client = Client()
    with_password(client)

    assert saved["Location"] == "/profile/"
    assert (client.cookies["django_language"].value, client.cookies["theme"].value) == (
        "de",
        "dark",
    )
    assert 'lang="de"' in client.get("/keys/").content.decode()
    assert signed_in(alice).post("/profile/", {"language": "tlh"}).status_code == 400


def picture(size: tuple[int, int], kind: str = "PNG") -> io.BytesIO:
    made = io.BytesIO()
    Image.new("RGB", size, "red").save(made, kind)
    made.name = f"me.{kind.lower()}"
    made.seek(0)
    return made


def test_picture_is_drawn_anew_and_what_is_none_is_refused(alice: Actor, client: Client) -> None:
    author = signed_in(alice)
    script = io.BytesIO(b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    script.name = "me.png"

    initials = client.get("/avatars/alice/")
    refused = author.post("/profile/picture/", {"picture": script})
    author.post("/profile/picture/", {"picture": picture((300, 900), "JPEG")})
    shown = client.get("/avatars/alice/")
    known = client.get("/avatars/alice/", headers={"If-None-Match": shown["ETag"]})

    assert initials["Content-Type"] == "image/svg+xml"
    assert ">A</text>" in initials.content.decode()
    assert refused.status_code == 400
    assert (shown["Content-Type"], Image.open(io.BytesIO(shown.content)).size) == (
        "image/webp",
        (256, 256),
    )
    assert known.status_code == 304
    author.post("/profile/picture/", {"remove": "1"})
    assert not Avatar.objects.exists()


def test_everything_kept_is_taken_away_without_secrets(alice: Actor) -> None:
    client = signed_in(alice)
    client.post("/keys/", {"label": "my app", "algorithm_access": "none", "data_access": "read",
                           "from_native": "on"})  # fmt: skip

    answer = client.post("/profile/data/export/")

    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert json.loads(archive.read("account.json"))["e-mail"] == "alice@example.org"
    assert [key["label"] for key in json.loads(archive.read("keys.json"))] == ["my app"]
    assert b"digest" not in archive.read("keys.json")
    assert {"history.json", "notifications.json", "organizations.json"} <= set(archive.namelist())


def test_account_is_closed_only_with_its_name_and_lets_nobody_in_again(alice: Actor) -> None:
    client = signed_in(alice)

    refused = client.post("/profile/close/", {"name": "alicia"})
    assert Owner.objects.open().filter(name="alice").exists()
    closed = client.post("/profile/close/", {"name": "alice"})

    assert (refused.status_code, closed.status_code) == (400, 200)
    assert not Owner.objects.open().filter(name="alice").exists()
    assert actors.of_session(User.objects.get(username="alice")).is_anonymous
    assert Client().post("/sign_in/", {"login": "alice", "password": PASSWORD}).status_code == 400


def test_sign_up_says_everything_that_is_wrong_at_once(client: Client) -> None:
    sent = {"username": "9 lives", "email": "nonsense", "password": "12345678"}

    page = client.post("/sign_up/", sent).content.decode()

    assert "cannot be used" in page
    assert "is not an e-mail address" in page
    assert "too common" in page
    assert not User.objects.exists()


def test_sign_ups_from_one_address_are_limited(settings: Settings) -> None:
    settings.SIGN_UPS_PER_HOUR = 2

    answers = [
        Client().post(
            "/sign_up/",
            {"username": f"person{number}x", "email": f"p{number}@example.org",
             "password": PASSWORD},
        )
        for number in range(3)
    ]  # fmt: skip

    assert [answer.status_code for answer in answers] == [200, 200, 400]
    assert "Too many attempts" in answers[2].content.decode()
    assert User.objects.count() == 2
