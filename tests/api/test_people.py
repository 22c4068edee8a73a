"""The native REST API about people, as a program and as a browser use it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from marketplace.accounts import keys, organizations
from marketplace.accounts.actors import Actor
from marketplace.accounts.keys import KeyScopes
from marketplace.accounts.models import APIKey, Membership, Owner, User
from marketplace.accounts.organizations import Details
from marketplace.api.authentication import actor_from

pytestmark = pytest.mark.django_db


def send(client: Client, method: str, path: str, body: object = None, **headers: str) -> Any:
    content = b"" if body is None else json.dumps(body).encode()
    return client.generic(method, path, content, content_type="application/json", headers=headers)


@pytest.fixture
def browser(alice: Actor) -> Client:
    client = Client()
    client.force_login(User.objects.get(username="alice"))
    return client


@pytest.fixture
def secret(alice: Actor) -> str:
    scopes = KeyScopes(
        algorithm_access=APIKey.AlgorithmAccess.RESTRICTED, algorithm_patterns=["algo://bob/*"]
    )
    return keys.create(Owner.objects.get(name="alice"), by=alice, label="app", scopes=scopes)[1]


def test_a_key_learns_whose_it_is_and_what_it_may(
    client: Client, alice: Actor, secret: str
) -> None:
    answer = send(client, "GET", "/api/me", Authorization=f"Simple {secret}")

    assert answer.json() == {
        "name": "alice",
        "id": str(alice.owner_id),
        "is_staff": False,
        "scopes": ["call"],
        "algorithms": ["algo://bob/*"],
        "key": "app",
        "organizations": [],
    }


def test_nobody_is_told_how_to_become_somebody(client: Client) -> None:
    answer = send(client, "GET", "/api/me")

    assert answer.status_code == 401
    assert "API key" in answer.json()["error"]["message"]


def test_an_organizations_key_says_so(client: Client, alice: Actor, browser: Client) -> None:
    send(browser, "POST", "/api/organizations", {"name": "team", "label": "The Team"})
    made = send(browser, "POST", "/api/keys", {"owner": "team", "label": "deploys"})

    me = send(client, "GET", "/api/me", Authorization=made.json()["secret"]).json()

    assert me["name"] == "team"
    assert me["organizations"] == [{"name": "team", "role": "owner"}]


def test_a_key_is_made_listed_and_revoked(browser: Client) -> None:
    wanted = {
        "label": "app",
        "algorithm_access": "full",
        "data_access": "read_write",
        "expires_at": (datetime.now(UTC) + timedelta(days=30)).isoformat(),
    }

    made = send(browser, "POST", "/api/keys/", wanted)
    listed = send(browser, "GET", "/api/keys").json()["results"]

    assert made.status_code == 201
    secret = made.json()["secret"]
    assert actor_from(secret).scopes == {"call", "data:read", "data:write"}
    assert [key["label"] for key in listed] == ["app"]
    assert secret not in json.dumps(listed)
    assert send(browser, "DELETE", f"/api/keys/{made.json()['id']}").status_code == 204
    assert send(browser, "GET", "/api/keys").json()["results"] == []


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "label: This field is required."),
        (
            {"label": "x", "algorithm_access": "some"},
            'algorithm_access: "some" is not a valid choice.',
        ),
        ({"label": "x", "expires_at": "2001-01-01T00:00:00Z"}, "A key cannot expire in the past."),
    ],
)
def test_a_key_that_makes_no_sense_is_refused_in_a_sentence(
    browser: Client, body: object, sentence: str
) -> None:
    answer = send(browser, "POST", "/api/keys", body)

    assert (answer.status_code, answer.json()["error"]["message"]) == (400, sentence)
    assert not APIKey.objects.exists()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/keys"),
        ("POST", "/api/keys"),
        ("POST", "/api/organizations"),
        ("PUT", "/api/organizations/team"),
        ("PUT", "/api/organizations/team/members/mallory"),
        ("DELETE", "/api/organizations/team/members/alice"),
        ("POST", "/api/organizations/team/answer"),
    ],
)
def test_no_key_widens_its_rights(
    client: Client, alice: Actor, mallory: Actor, method: str, path: str
) -> None:
    organizations.create("team", by=alice, details=Details())
    _, secret = keys.create(Owner.objects.get(name="alice"), by=alice, label="full")
    body = {"label": "more", "name": "another", "role": "owner", "answer": "leave"}

    answer = send(client, method, path, body, Authorization=secret)

    assert answer.status_code == 403
    assert APIKey.objects.count() == 1
    assert Membership.objects.get().user.username == "alice"


def test_a_key_does_not_revoke_itself_or_others(client: Client, alice: Actor, secret: str) -> None:
    key = APIKey.objects.get()

    answer = send(client, "DELETE", f"/api/keys/{key.pk}", Authorization=secret)

    assert answer.status_code == 404
    assert actor_from(secret).name == "alice"


def test_people_join_and_leave_an_organization(browser: Client, bob: Actor) -> None:
    guest = Client()
    guest.force_login(User.objects.get(username="bob"))
    send(browser, "POST", "/api/organizations", {"name": "team"})

    invited = send(browser, "PUT", "/api/organizations/team/members/bob", {"role": "executor"})
    hidden = send(guest, "GET", "/api/organizations/team")
    joined = send(guest, "POST", "/api/organizations/team/answer", {"answer": "accept"})
    seen = send(guest, "GET", "/api/organizations/team").json()
    left = send(guest, "POST", "/api/organizations/team/answer", {"answer": "leave"})

    assert invited.json() == {"name": "bob", "role": "invited"}
    assert hidden.status_code == 404
    assert joined.json()["role"] == "executor"
    assert [member["name"] for member in seen["members"]] == ["alice", "bob"]
    assert left.status_code == 204


def test_a_stranger_cannot_tell_an_organization_from_none(alice: Actor, mallory: Actor) -> None:
    organizations.create("team", by=alice, details=Details())
    client = Client()
    client.force_login(User.objects.get(username="mallory"))

    answers = [
        send(client, method, f"/api/organizations/{name}{rest}", {"role": "owner"})
        for name in ("team", "nowhere")
        for method, rest in (("GET", ""), ("PUT", ""), ("PUT", "/members/mallory"))
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert Membership.objects.get().user.username == "alice"


def test_an_organization_is_edited_whole(browser: Client) -> None:
    send(browser, "POST", "/api/organizations", {"name": "team", "label": "Old"})

    answer = send(
        browser, "PUT", "/api/organizations/team", {"label": "New", "website": "https://x.test"}
    )

    assert (answer.json()["label"], answer.json()["website"]) == ("New", "https://x.test")
