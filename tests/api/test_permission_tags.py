"""What permission tags in the identity provider's tokens give and take."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.test import Client

from marketplace.accounts import actors, invitations, organizations
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import AuditEntry, Membership, Notification, Owner, User
from marketplace.accounts.organizations import Details
from marketplace.lib import token_tags
from tests.api.identity_provider import ISSUER, PROVIDER, bearer, me

pytestmark = pytest.mark.usefixtures("provider")
WORTH = {
    "ops": "staff",
    "ml": ["team/member", "Nobodys/owner"],
    "leads": "Team/admin",
    "founders": "team/owner",
}


@pytest.fixture(autouse=True)
def _tags_are_read(settings: LazySettings, keys_address: str) -> None:
    settings.JWT_TAGS_CLAIM = "groups"
    settings.JWT_TAGS = token_tags.read(json.dumps(WORTH))


@pytest.fixture
def team(bob: Actor) -> Owner:
    return organizations.create("team", by=bob, details=Details(label="The Team"))


def tagged(*tags: str) -> Any:
    status, body = me(groups=list(tags))
    assert status == 200
    return body


def invited(team: Owner, person: User, *, by: Actor) -> Membership:
    owner = actors.of_user(User.objects.get(username=by.name))
    return invitations.invite(team, person, by=owner, role=Membership.Role.BILLING)


def role_of(name: str) -> str | None:
    found = Membership.objects.filter(user__username=name, organization__owner__name="team")
    return found.values_list("role", flat=True).first()


def acts() -> list[tuple[str, str]]:
    rows = AuditEntry.objects.filter(actor_name=ISSUER).order_by("pk")
    return list(rows.values_list("action", "target"))


def test_tags_make_staff_and_members_until_a_token_comes_without(alice: Actor, team: Owner) -> None:
    first = tagged("ops", "ml", "unheard of")
    again = tagged("ml", "ops")
    invites = Client().get("/v1/admin/invites", headers=bearer(groups=["ops", "ml"]))
    last = tagged()

    assert first["is_staff"]
    assert "admin" in first["scopes"]
    assert first["organizations"] == [{"name": "team", "role": "member"}]
    assert again == first
    assert invites.status_code == 200
    assert (last["is_staff"], last["organizations"]) == (False, [])
    assert "admin" not in last["scopes"]
    assert not User.objects.get(username="alice").is_superuser
    assert acts() == [
        ("made staff for a tag", "alice"),
        ("gave a role for a tag", "team: alice"),
        ("no staff without a tag", "alice"),
        ("removed a member", "team: alice"),
    ]


def test_strongest_of_several_roles_counts_and_a_text_is_one_tag(alice: Actor, team: Owner) -> None:
    assert tagged("ml", "leads")["organizations"] == [{"name": "team", "role": "admin"}]
    assert me(groups="ml")[1]["organizations"] == [{"name": "team", "role": "member"}]
    assert me(groups="ml leads")[1]["organizations"] == []


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({}, "This token does not say what you may do: no groups."),
        ({"groups": None}, "The claim groups of this token is neither a text nor a list of texts."),
        ({"groups": ["ops", 1]}, "neither a text nor a list"),
        ({"groups": {"ops": True}}, "neither a text nor a list"),
    ],
)
@pytest.mark.django_db
def test_token_without_tags_is_refused_and_makes_nobody(
    claims: dict[str, object], told: str
) -> None:
    status, body = me(PROVIDER, sub="carol", **claims)

    assert status == 401
    assert told in body["error"]["message"]
    assert not Owner.objects.filter(name="carol").exists()


def test_what_people_gave_by_hand_no_tag_changes_or_takes(
    alice: Actor, bob: Actor, team: Owner
) -> None:
    person = User.objects.get(username="alice")
    User.objects.filter(pk=person.pk).update(is_staff=True)
    invitations.accept(invited(team, person, by=bob), by=alice)

    with_tags, without = tagged("ops", "leads"), tagged()

    assert with_tags["organizations"] == [{"name": "team", "role": "billing"}]
    assert without["organizations"] == with_tags["organizations"]
    assert without["is_staff"]
    assert acts() == []


def test_last_owner_stays_and_staff_hear_of_it_once(
    alice: Actor, bob: Actor, mallory: Actor, team: Owner
) -> None:
    User.objects.filter(username="mallory").update(is_staff=True)
    tagged("founders")
    organizations.leave(Membership.objects.get(user=bob.user_id), by=bob)

    kept = [tagged("ml"), tagged()]
    told = Notification.objects.get(user__username="mallory")
    me(sub="bob", groups=["founders"])
    gone = tagged()

    assert [body["organizations"][0]["role"] for body in kept] == ["owner", "owner"]
    assert told.title == "alice is still an owner of The Team, though no tag says so any more"
    assert acts()[1:] == [
        ("kept a last owner without a tag", "team: alice"),
        ("gave a role for a tag", "team: bob"),
        ("removed a member", "team: alice"),
    ]
    assert gone["organizations"] == []


def test_invitation_that_waits_becomes_a_membership(alice: Actor, bob: Actor, team: Owner) -> None:
    invited(team, User.objects.get(username="alice"), by=bob)

    assert tagged("leads")["organizations"] == [{"name": "team", "role": "admin"}]
    assert tagged()["organizations"] == []


def test_role_by_tags_is_shown_and_not_changed_by_hand(
    alice: Actor, bob: Actor, team: Owner, client: Client, settings: LazySettings
) -> None:
    tagged("ml")
    client.force_login(User.objects.get(username="bob"))

    page = client.get("/organizations/team/").content.decode()
    refused = client.post("/organizations/team/members/alice/role/", {"role": "admin"}, follow=True)
    kept = role_of("alice")
    settings.JWT_TAGS_CLAIM = ""
    client.post("/organizations/team/members/alice/role/", {"role": "admin"})

    assert page.count("By the identity provider") == 1
    assert "comes from tags of the identity provider" in refused.content.decode()
    assert kept == "member"
    assert role_of("alice") == "admin"


def test_site_that_names_no_claim_reads_no_tags(
    alice: Actor, team: Owner, settings: LazySettings
) -> None:
    settings.JWT_TAGS_CLAIM = ""

    body = tagged("ops", "founders")

    assert (body["is_staff"], body["organizations"]) == (False, [])
    assert me()[0] == 200


def test_suspended_person_gets_nothing_by_a_tag(alice: Actor, team: Owner) -> None:
    Owner.objects.filter(name="alice").update(is_suspended=True)

    status, _ = me(groups=["ops", "founders"])

    assert status == 403
    assert role_of("alice") is None
    assert not User.objects.get(username="alice").is_staff


@pytest.mark.parametrize("door", ["command", "tables"])
def test_whom_people_make_staff_by_hand_no_token_unmakes(
    alice: Actor, bob: Actor, client: Client, door: str
) -> None:
    tagged("ops")

    if door == "command":
        call_command("add_person", "alice", "--keep", "--staff", stdout=StringIO())
    else:
        User.objects.filter(username="bob").update(is_staff=True, is_superuser=True)
        client.force_login(User.objects.get(username="bob"))
        form = {"email": "alice@example.org", "is_active": "on"}
        form |= {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
        for ticked in ({}, {"is_staff": "on", "is_superuser": "on"}):
            saved = client.post(f"/admin/accounts/user/{alice.user_id}/change/", form | ticked)
            assert saved.status_code == 302

    assert tagged()["is_staff"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{ops: staff}", "is not JSON"),
        ('["ops"]', "is not a JSON object"),
        ('{"ops": "root"}', "says 'root' of the tag 'ops'; say 'staff' or 'organization/role'"),
        ('{"ml": ["team/invited"]}', "one of owner, admin, member, executor, billing"),
        ('{"ml": 1}', "says 1 of the tag 'ml'"),
    ],
)
def test_site_does_not_start_with_tags_it_cannot_read(text: str, told: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=told):
        token_tags.read(text)


def test_every_role_but_invited_can_be_a_tags() -> None:
    assert {*token_tags.ROLES, "invited"} == set(Membership.Role.values)
    assert token_tags.read(" ") == {}
