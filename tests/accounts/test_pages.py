"""The pages, through Django's client: what a person without scripts can do."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client

from marketplace.accounts import keys, organizations
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import APIKey, Membership, Owner, User
from marketplace.accounts.organizations import Details
from marketplace.api.authentication import actor_from
from marketplace.lib.errors import NotSignedIn

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
NEW_KEY = {
    "label": "my app",
    "algorithm_access": "restricted",
    "algorithm_patterns": "algo://alice/*\nalice/Digits algo://alice/*",
    "data_access": "read",
    "from_native": "on",
}


def text_of(content: bytes) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", content.decode())).split())


def secret_in(content: bytes) -> str:
    found = re.search(rb'id="secret"[^>]*>(simAgo\w{22})<', content)
    assert found is not None
    return found[1].decode()


def signed_in(actor: Actor, *, enforce_csrf_checks: bool = False) -> Client:
    client = Client(enforce_csrf_checks=enforce_csrf_checks)
    client.force_login(User.objects.get(username=actor.name))
    return client


def add(team: Owner, person: Actor) -> None:
    assert team.organization is not None
    user = User.objects.get(username=person.name)
    Membership.objects.create(organization=team.organization, user=user, role="member")


def test_signing_up_signs_in_and_shows_a_key_that_works(client: Client) -> None:
    answer = client.post(
        "/sign_up/",
        {"username": "carol", "email": "carol@example.org", "password": PASSWORD},
    )

    assert answer.status_code == 200
    assert actor_from(secret_in(answer.content)).name == "carol"
    assert "Sign out" in text_of(answer.content)
    assert "no-store" in answer["Cache-Control"]
    assert client.get("/profile/").status_code == 200


def test_key_that_could_do_nothing_is_refused_and_none_is_made(alice: Actor) -> None:
    client = signed_in(alice)
    useless = {"label": "curl", "algorithm_access": "none", "data_access": "none"}

    refused = client.post("/keys/", useless | {"from_native": "on"})

    assert refused.status_code == 400
    assert "A key like this can do nothing" in text_of(refused.content)
    assert not APIKey.objects.filter(label="curl").exists()


def test_the_key_is_not_shown_a_second_time(client: Client) -> None:
    first = client.post(
        "/sign_up/", {"username": "carol", "email": "c@example.org", "password": PASSWORD}
    )
    secret = secret_in(first.content)

    pages = [client.get(address).content for address in ("/keys/", "/profile/")]

    assert all(secret.encode() not in page for page in pages)
    assert "simAgo" in text_of(pages[0])


def test_a_sign_up_that_fails_says_why_beside_the_form(client: Client, alice: Actor) -> None:
    answer = client.post(
        "/sign_up/", {"username": "Alice", "email": "a@example.org", "password": PASSWORD}
    )

    assert answer.status_code == 400
    assert "The account name 'Alice' is taken; choose another." in text_of(answer.content)
    assert User.objects.count() == 1


def test_an_empty_form_ties_each_error_to_its_field(client: Client) -> None:
    answer = client.post("/sign_up/", {})

    page = answer.content.decode()
    for name in ("username", "email", "password"):
        assert f'id="id_{name}_error"' in page
        assert re.search(rf'name="{name}"[^>]*aria-describedby="[^"]*id_{name}_error"', page)
    assert page.count('aria-invalid="true"') == 3


@pytest.mark.parametrize("login", ["alice", "ALICE@example.org"])
def test_signing_in_starts_a_new_session(client: Client, alice: Actor, login: str) -> None:
    client.get("/sign_in/")
    session = client.session
    session["planted"] = "yes"
    session.save()
    before = session.session_key
    client.cookies["sessionid"] = before or ""

    answer = client.post("/sign_in/", {"login": login, "password": PASSWORD})

    assert (answer.status_code, answer["Location"]) == (302, "/dashboard/")
    assert client.cookies["sessionid"].value != before


def test_a_wrong_password_says_so_and_the_sixth_must_wait(client: Client, alice: Actor) -> None:
    for _ in range(5):
        refused = client.post("/sign_in/", {"login": "alice", "password": "wrong"})

    sixth = client.post("/sign_in/", {"login": "alice", "password": PASSWORD})

    assert "The name or the password is not right." in text_of(refused.content)
    assert "Too many wrong passwords. Try again in 15 minutes." in text_of(sixth.content)
    assert client.get("/profile/").status_code == 302


@pytest.mark.parametrize(
    ("wanted", "goes_to"),
    [
        ("/keys/?x=1", "/keys/?x=1"),
        ("https://evil.test/", "/dashboard/"),
        ("//evil.test/", "/dashboard/"),
        ("/\\evil.test", "/dashboard/"),
        ("javascript:alert(1)", "/dashboard/"),
        ("", "/dashboard/"),
    ],
)
def test_after_signing_in_one_stays_on_this_site(
    client: Client, alice: Actor, wanted: str, goes_to: str
) -> None:
    answer = client.post("/sign_in/", {"login": "alice", "password": PASSWORD, "next": wanted})

    assert answer["Location"] == goes_to


@pytest.mark.parametrize("address", ["/profile/", "/keys/", "/organizations/"])
def test_a_visitor_is_asked_to_sign_in_and_comes_back(client: Client, address: str) -> None:
    answer = client.get(address)

    assert answer["Location"] == f"/sign_in/?next={address}"


def test_signing_out_needs_a_post_and_ends_the_session(alice: Actor) -> None:
    client = signed_in(alice)

    assert client.get("/sign_out/").status_code == 405
    assert client.post("/sign_out/")["Location"] == "/"
    assert client.get("/profile/").status_code == 302


def test_a_key_is_made_with_the_scopes_of_the_form_and_shown_once(alice: Actor) -> None:
    client = signed_in(alice)

    answer = client.post("/keys/", NEW_KEY)

    key = APIKey.objects.get()
    actor = actor_from(secret_in(answer.content))
    assert key.algorithm_patterns == ["algo://alice/*", "algo://alice/Digits"]
    assert actor.scopes == {"call", "data:read"}
    assert actor.reaches("alice", "Other")
    assert not actor.reaches("bob", "Digits")
    assert "algo://alice/Digits adds nothing: algo://alice/* covers it" in text_of(answer.content)
    assert "no-store" in answer["Cache-Control"]
    assert "Calls only algo://alice/*" in text_of(client.get("/keys/").content)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"algorithm_patterns": "algo://*/x"}, "is no pattern for algorithms"),
        ({"from_native": ""}, "Say where the key will be used"),
        ({"from_web": "on"}, "needs the host name"),
        ({"from_web": "on", "web_origin": "https://x/"}, "needs the host name"),
        ({"expires_on": "2001-01-01"}, "cannot expire in the past"),
        ({"label": "  "}, "This field is required"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(
    alice: Actor, change: dict[str, str], sentence: str
) -> None:
    answer = signed_in(alice).post("/keys/", NEW_KEY | change)

    assert answer.status_code == 400
    assert sentence in text_of(answer.content)
    assert not APIKey.objects.exists()


def test_a_form_cannot_make_an_administration_key(alice: Actor) -> None:
    signed_in(alice).post("/keys/", NEW_KEY | {"is_admin": "on"})

    assert APIKey.objects.get().is_admin is False


def test_revoking_asks_first_and_then_ends_the_key(alice: Actor) -> None:
    client = signed_in(alice)
    key, secret = keys.create(Owner.objects.get(name="alice"), by=alice, label="old")

    asked = client.get(f"/keys/{key.pk}/revoke/")
    assert actor_from(secret).name == "alice"
    client.post(f"/keys/{key.pk}/revoke/")

    assert "It was never used." in text_of(asked.content)
    with pytest.raises(NotSignedIn):
        actor_from(secret)


def test_somebody_elses_key_is_not_even_there(alice: Actor, mallory: Actor) -> None:
    key, secret = keys.create(Owner.objects.get(name="alice"), by=alice, label="hers")

    answer = signed_in(mallory).post(f"/keys/{key.pk}/revoke/")

    assert answer.status_code == 404
    assert actor_from(secret).name == "alice"


def test_a_key_in_the_header_opens_no_page(client: Client, alice: Actor) -> None:
    _, secret = keys.create(Owner.objects.get(name="alice"), by=alice, label="leaked")

    answer = client.post("/keys/", NEW_KEY, headers={"Authorization": secret})

    assert answer.status_code == 401
    assert APIKey.objects.count() == 1


def test_a_post_without_the_token_is_refused(alice: Actor) -> None:
    answer = signed_in(alice, enforce_csrf_checks=True).post("/keys/", NEW_KEY)

    assert answer.status_code == 403
    assert not APIKey.objects.exists()


def test_a_new_password_ends_the_other_sessions(alice: Actor) -> None:
    here, elsewhere = signed_in(alice), signed_in(alice)
    change = {"present": PASSWORD, "new": "quite another phrase"}

    answer = here.post("/profile/password/", change)

    assert answer.status_code == 302
    assert here.get("/profile/").status_code == 200
    assert elsewhere.get("/profile/").status_code == 302


@pytest.mark.parametrize(
    ("present", "new", "sentence"),
    [("wrong", "quite another phrase", "is not right"), (PASSWORD, "12345678", "too common")],
)
def test_a_password_change_that_fails_changes_nothing(
    alice: Actor, present: str, new: str, sentence: str
) -> None:
    answer = signed_in(alice).post("/profile/password/", {"present": present, "new": new})

    assert sentence in text_of(answer.content)
    assert User.objects.get().check_password(PASSWORD)


def test_an_organization_from_founding_to_leaving(alice: Actor, bob: Actor) -> None:
    founder, guest = signed_in(alice), signed_in(bob)

    made = founder.post("/organizations/", {"name": "team", "label": "The Team"})
    founder.post("/organizations/team/invite/", {"person": "bob@example.org", "role": "member"})
    before = guest.get("/organizations/team/")
    guest.post("/organizations/team/invitation/", {"answer": "accept"})
    after = guest.get("/organizations/team/")
    founder.post("/organizations/team/members/bob/role/", {"role": "executor"})

    assert made["Location"] == "/organizations/team/"
    assert (before.status_code, after.status_code) == (404, 200)
    assert Membership.objects.get(user__username="bob").role == "executor"
    guest.post("/organizations/team/invitation/", {"answer": "leave"})
    assert not Membership.objects.filter(user__username="bob").exists()


def test_a_stranger_does_not_learn_that_an_organization_exists(
    alice: Actor, mallory: Actor
) -> None:
    organizations.create("team", by=alice, details=Details())
    client = signed_in(mallory)

    for address in ("", "keys/"):
        page = client.get(f"/organizations/team/{address}")
        assert page.status_code in (403, 404)
    for address in ("invite/", "members/alice/remove/", "members/alice/role/", "invitation/"):
        assert client.post(f"/organizations/team/{address}").status_code == 404
    assert Membership.objects.get().role == "owner"


def test_a_member_sees_no_buttons_that_only_owners_may_press(alice: Actor, bob: Actor) -> None:
    team = organizations.create("team", by=alice, details=Details())
    add(team, bob)

    page = signed_in(bob).get("/organizations/team/")

    assert "Invite somebody" not in text_of(page.content)
    for address in ("settings/", "close/", "picture/", "invite/"):
        refused = signed_in(bob).post(f"/organizations/team/{address}", {"label": "Mine"})
        assert refused.status_code in (400, 403)
    assert Owner.objects.get(name="team").label == "team"


def test_members_make_keys_for_the_organization_and_see_only_their_own(
    alice: Actor, bob: Actor
) -> None:
    team = organizations.create("team", by=alice, details=Details())
    add(team, bob)

    by_owner = signed_in(alice).post("/organizations/team/keys/", NEW_KEY | {"label": "of alice"})
    by_member = signed_in(bob).post("/organizations/team/keys/", NEW_KEY | {"label": "of bob"})

    of_alice = APIKey.objects.get(label="of alice")
    assert actor_from(secret_in(by_owner.content)).administers == {team.pk}
    assert actor_from(secret_in(by_member.content)).administers == frozenset()
    assert "of alice" not in text_of(signed_in(bob).get("/organizations/team/keys/").content)
    assert "of bob" in text_of(signed_in(alice).get("/organizations/team/keys/").content)
    assert signed_in(bob).post(f"/keys/{of_alice.pk}/revoke/").status_code == 404
    of_alice.refresh_from_db()
    assert of_alice.revoked_at is None
