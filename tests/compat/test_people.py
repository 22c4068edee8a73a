"""Users over the wire: the published Python client, and plain requests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import Algorithmia
import pytest
from Algorithmia.errors import AlgorithmException
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from marketplace.accounts import keys, organizations
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import APIKey, AuditEntry, Membership, Owner, User
from marketplace.accounts.organizations import Details
from tests.compat.administration import admin_key, published, send
from tests.factories import OwnerFactory

__all__ = ["admin_key", "published"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def alices_key(alice: Actor) -> str:
    return keys.create(Owner.objects.get(name="alice"), by=alice, label="full")[1]


@pytest.mark.django_db(transaction=True)
def test_the_client_makes_a_user(published: Any) -> None:
    made = published.create_user(
        {
            "username": "a_Mrtest1",
            "email": "a_mrtest1@algo.com",
            "passwordHash": "",
            "shouldCreateHello": False,
        }
    )

    owner = Owner.objects.get(name="a_Mrtest1")
    assert made == {
        "id": str(owner.pk),
        "username": "a_Mrtest1",
        "email": "a_mrtest1@algo.com",
        "fullname": "",
        "company_name": "",
        "company_role": "",
        "self_link": "http://127.0.0.1:8000/v1/users/a_Mrtest1",
        "resource_type": "user",
    }
    assert AuditEntry.objects.filter(action="added a person", actor_name="operator").exists()


@pytest.mark.django_db(transaction=True)
def test_the_client_reads_no_errors_of_whom_nobody_knows(published: Any) -> None:
    assert published.get_user_errors("nobody_here") == []
    assert published.get_organization_errors("nobody_here") == []


@pytest.mark.django_db(transaction=True)
def test_the_client_with_an_ordinary_key_is_refused(
    live_server: LiveServer, alices_key: str
) -> None:
    client = Algorithmia.client(alices_key, live_server.url)

    with pytest.raises((AlgorithmException, Exception), match="403"):
        client.create_user({"username": "carol", "email": "c@example.org"})

    assert not Owner.objects.named("carol").exists()
    client.requestSession.close()


ADMINISTRATION = [
    ("GET", "/v1/users"),
    ("POST", "/v1/users"),
    ("GET", "/v1/users/bob"),
    ("PUT", "/v1/users/bob"),
    ("DELETE", "/v1/users/bob"),
    ("GET", "/v1/users/bob/errors"),
    ("GET", "/v1/users/bob/keys"),
    ("POST", "/v1/users/bob/keys"),
    ("GET", "/v1/organizations"),
    ("POST", "/v1/organizations"),
    ("GET", "/v1/organizations/team"),
    ("PUT", "/v1/organizations/team"),
    ("DELETE", "/v1/organizations/team"),
    ("GET", "/v1/organizations/nowhere"),
    ("GET", "/v1/organizations/team/members"),
    ("PUT", "/v1/organizations/team/members/alice"),
    ("DELETE", "/v1/organizations/team/members/bob"),
    ("GET", "/v1/organizations/team/keys"),
    ("POST", "/v1/organizations/team/keys"),
    ("GET", "/v1/organizations/team/errors"),
]


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(("method", "path"), ADMINISTRATION)
def test_an_ordinary_key_administers_nobody(
    client: Client, alices_key: str, bob: Actor, method: str, path: str, slash: str
) -> None:
    organizations.create("team", by=bob, details=Details())
    body = {"username": "carol", "email": "c@example.org", "key_label": "x", "org_name": "mine"}

    status, answer = send(client, method, path + slash, alices_key, body)

    assert (status, answer["error"]["code"]) == (403, 2001)
    assert Owner.objects.open().count() == 3
    assert Membership.objects.get().user.username == "bob"
    assert APIKey.objects.count() == 1


@pytest.mark.parametrize(("method", "path"), ADMINISTRATION)
def test_nobody_administers_nobody(client: Client, bob: Actor, method: str, path: str) -> None:
    organizations.create("team", by=bob, details=Details())
    body = {"username": "carol", "email": "c@example.org", "key_label": "x", "org_name": "mine"}

    status, _ = send(client, method, path, "", body)

    assert status == 401


def test_an_administration_key_sees_accounts_and_nothing_else(
    client: Client, admin_key: str, alice: Actor
) -> None:
    status, answer = send(client, "GET", "/v1/users/alice", admin_key)

    assert (status, answer["email"]) == (200, "alice@example.org")
    status, answer = send(client, "GET", "/v1/users/alice/keys", admin_key)
    assert (status, answer["error"]["code"]) == (403, 2001)


def test_who_is_no_longer_staff_has_an_administration_key_for_nothing(
    client: Client, admin_key: str
) -> None:
    person = User.objects.get(username="operator")
    person.is_staff = False
    person.save()

    status, answer = send(client, "GET", "/v1/users", admin_key)

    assert (status, answer["error"]["code"]) == (403, 2001)


def test_a_key_reads_its_own_person_by_name_and_by_id(
    client: Client, alices_key: str, alice: Actor
) -> None:
    by_name = send(client, "GET", "/v1/users/ALICE", alices_key)
    by_id = send(client, "GET", f"/v1/users/{alice.owner_id}", alices_key)

    assert by_name == by_id
    assert by_name[1]["username"] == "alice"


def test_a_key_that_stands_in_web_pages_tells_nothing_of_its_owner(
    client: Client, alice: Actor
) -> None:
    organizations.create("team", by=alice, details=Details(label="Team", website=""))
    owner = Owner.objects.get(name="alice")
    scopes = replace(keys.FULL, from_native=False, from_web=True, web_origin="shop.example")
    key = keys.create(owner, by=alice, label="page", scopes=scopes)[1]
    header = {"Authorization": key, "Origin": "https://shop.example"}
    places = ("users/alice", "users/alice/errors", "budgets", "usage", "receipts")

    answers = [client.get(f"/v1/{place}", headers=header) for place in places]
    known = client.get("/v1/data/alice", headers=header)

    assert [answer.status_code for answer in answers] == [403] * len(places)
    assert not any(b"alice@example.org" in answer.content for answer in answers)
    assert known.status_code == 200


def test_users_come_in_pages(client: Client, admin_key: str) -> None:
    for number in range(4):
        OwnerFactory.create(name=f"person{number}")

    status, first = send(client, "GET", "/v1/users?limit=3", admin_key)
    _, second = send(client, "GET", f"/v1/users?limit=3&marker={first['marker']}", admin_key)

    names = [user["username"] for user in first["results"] + second["results"]]
    assert status == 200
    assert names == ["operator", "person0", "person1", "person2", "person3"]
    assert f"limit=3&marker={first['marker']}" in first["next_link"]
    assert (second["marker"], second["next_link"]) == (None, None)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=0", 5003),
        ("limit=x", 5003),
        ("limit=-1", 5003),
        ("limit=1001", 5003),
        ("marker=nonsense", 5002),
        ("marker=WzFd", 5002),
        ("marker=WyJ4IiwieSJd", 5002),
    ],
)
def test_a_bad_page_is_refused_with_its_number(
    client: Client, admin_key: str, query: str, code: int
) -> None:
    status, answer = send(client, "GET", f"/v1/users?{query}", admin_key)

    assert (status, answer["error"]["code"]) == (400, code)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, 3005),
        ({"username": "carol"}, 400, 3005),
        ({"username": "alice", "email": "x@example.org"}, 409, 3003),
        ({"username": "carol", "email": "ALICE@example.org"}, 409, 3004),
        ({"username": "ca-rol", "email": "x@example.org"}, 400, 2015),
        ({"username": "carol", "email": "nonsense"}, 400, 2015),
        ({"username": "carol", "email": "x@example.org", "passwordHash": "$2a$"}, 400, 2015),
        ([], 400, 2015),
        (None, 400, 2013),
    ],
)
def test_a_user_that_cannot_be_made_gets_the_number_for_it(
    client: Client, admin_key: str, alice: Actor, body: object, status: int, code: int
) -> None:
    got, answer = send(client, "POST", "/v1/users", admin_key, body)

    assert (got, answer["error"]["code"]) == (status, code)
    assert Owner.objects.count() == 2


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"username": "alicia"}, 409, 3007),
        ({"email": "new@example.org"}, 409, 3008),
        ({"fullname": ""}, 400, 3005),
    ],
)
def test_what_an_administrator_may_not_change_stays(
    client: Client, admin_key: str, alice: Actor, change: dict[str, str], status: int, code: int
) -> None:
    body = {"username": "alice", "email": "alice@example.org", "fullname": "Alice"} | change

    got, answer = send(client, "PUT", "/v1/users/alice", admin_key, body)

    assert (got, answer["error"]["code"]) == (status, code)
    person = User.objects.get(username="alice")
    assert (person.email, person.full_name) == ("alice@example.org", "")


def test_an_administrator_corrects_a_name(client: Client, admin_key: str, alice: Actor) -> None:
    body = {"username": "alice", "email": "alice@example.org", "fullname": "Alice Liddell"}

    status, answer = send(client, "PUT", "/v1/users/alice", admin_key, body)

    assert (status, answer["fullname"]) == (200, "Alice Liddell")


def test_a_closed_account_is_gone_and_its_name_stays_taken(
    client: Client, admin_key: str, alices_key: str
) -> None:
    closed = send(client, "DELETE", "/v1/users/alice", admin_key)
    read = send(client, "GET", "/v1/users/alice", admin_key)
    again = {"username": "alice", "email": "other@example.org"}

    assert closed == (204, None)
    assert (read[0], read[1]["error"]["code"]) == (404, 3000)
    assert send(client, "GET", "/v1/users/alice", alices_key)[0] == 401
    assert send(client, "POST", "/v1/users", admin_key, again)[0] == 409


def test_a_browser_session_makes_and_lists_its_keys(client: Client, alice: Actor) -> None:
    client.force_login(User.objects.get(username="alice"))
    permissions = {
        "allow_algo": True,
        "allow_web_algo": True,
        "referer_host": "shop.example.org",
        "algo_acl": ["algo://bob/*"],
        "allow_algo_management": False,
        "allow_data": True,
        "allow_data_write": False,
    }
    body = {"key_label": "shop", "key_type": "AlgorithmKey", "permissions": permissions}

    status, made = send(client, "POST", "/v1/users/alice/keys", "", body)
    _, listed = send(client, "GET", "/v1/users/alice/keys", "")

    assert status == 200
    assert made["permissions"] == permissions
    assert made["api_key"].startswith("simAgo")
    assert listed == [made | {"api_key": None}]


@pytest.mark.parametrize("kind", ["PlatformAdminKey", "ManagementKey"])
def test_a_session_that_is_not_staff_makes_no_administration_key(
    client: Client, alice: Actor, kind: str
) -> None:
    client.force_login(User.objects.get(username="alice"))

    status, answer = send(
        client, "POST", "/v1/users/alice/keys", "", {"key_label": "x", "key_type": kind}
    )

    assert (status, answer["error"]["code"]) == (403, 2001)
    assert not APIKey.objects.exists()


def test_a_session_makes_no_key_for_somebody_else(client: Client, alice: Actor, bob: Actor) -> None:
    client.force_login(User.objects.get(username="alice"))

    status, _ = send(client, "POST", "/v1/users/bob/keys", "", {"key_label": "x"})

    assert status == 403
    assert not APIKey.objects.exists()


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/nothing", "/v1/users/a/b/c/"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_what_v1_does_not_know_is_a_404_in_json(client: Client, method: str, path: str) -> None:
    status, answer = send(client, method, path, "")

    assert (status, answer["error"]["code"]) == (404, 5004)
