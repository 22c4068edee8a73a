"""Organizations over the wire: the published Python client, and plain requests."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from marketplace.accounts import organizations
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Membership, Owner
from marketplace.accounts.organizations import Details
from tests.compat.administration import admin_key, published, send

__all__ = ["admin_key", "published"]

pytestmark = pytest.mark.django_db

ORGANIZATION = {
    "org_name": "a_myOrg1",
    "org_label": "some label",
    "org_contact_name": "Some owner",
    "org_email": "a_myOrg1@algo.com",
    "org_url": "https://algorithmia.com",
    "type_id": "basic",
    "resource_type": "organization",
}


@pytest.mark.django_db(transaction=True)
def test_the_client_makes_reads_and_edits_an_organization(published: Any) -> None:
    made = published.create_org(dict(ORGANIZATION))
    edited = published.edit_org("a_myOrg1", ORGANIZATION | {"org_label": "another label"})
    read = published.get_org("a_myOrg1")

    assert (made["org_name"], made["resource_type"]) == ("a_myOrg1", "organization")
    assert (edited.status_code, edited.reason, edited.content) == (204, "No Content", b"")
    assert (read["org_label"], read["org_contact_name"]) == ("another label", "Some owner")
    types = {entry["id"]: entry["name"] for entry in published.get_org_types()}
    assert types[read["type_id"]] == "basic"
    assert read["owner_ids"] == [str(Owner.objects.get(name="operator").pk)]


@pytest.mark.django_db(transaction=True)
def test_the_client_invites_twice_and_both_times_it_is_fine(published: Any, bob: Actor) -> None:
    published.create_org(dict(ORGANIZATION))

    first = published.invite_to_org("a_myOrg1", "bob")
    second = published.invite_to_org("a_myOrg1", "bob")

    assert (first.status_code, second.status_code) == (200, 200)
    assert Membership.objects.get(user__username="bob").role == "invited"


@pytest.mark.django_db(transaction=True)
def test_the_client_is_told_that_a_name_is_taken(published: Any) -> None:
    published.create_org(dict(ORGANIZATION))

    again = published.requestSession.post(
        f"{published.apiAddress}/v1/organizations",
        json=ORGANIZATION,
        headers={"Authorization": published.apiKey},
    )

    assert (again.status_code, again.json()["error"]["code"]) == (409, 3101)
    assert "taken" in again.headers["X-Error-Message"]


def test_members_are_listed_with_their_roles(
    client: Client, admin_key: str, alice: Actor, bob: Actor
) -> None:
    organizations.create("team", by=alice, details=Details())
    send(client, "PUT", "/v1/organizations/team/members/bob", admin_key)

    status, answer = send(client, "GET", "/v1/organizations/team/members/", admin_key)

    assert status == 200
    assert [(row["username"], row["role"]) for row in answer["results"]] == [
        ("alice", "owner"),
        ("bob", "invited"),
    ]
    assert answer["results"][0]["resource_type"] == "organization_member"


def test_a_member_is_removed_with_an_empty_answer(
    client: Client, admin_key: str, alice: Actor, bob: Actor
) -> None:
    organizations.create("team", by=alice, details=Details())
    send(client, "PUT", "/v1/organizations/team/members/bob", admin_key, {"role": "executor"})

    removed = send(client, "DELETE", "/v1/organizations/team/members/bob", admin_key)
    last = send(client, "DELETE", "/v1/organizations/team/members/alice", admin_key)

    assert removed == (204, None)
    assert last[0] == 409
    assert Membership.objects.get().user.username == "alice"


@pytest.mark.parametrize(
    "change",
    [{"type_id": "golden"}, {"org_email": "nonsense"}, {"org_label": 5}, {"external_id": "x"}],
)
def test_an_organization_that_makes_no_sense_is_refused(
    client: Client, admin_key: str, change: dict[str, object]
) -> None:
    status, answer = send(client, "POST", "/v1/organizations", admin_key, ORGANIZATION | change)

    assert (status, answer["error"]["code"]) == (400, 2015)
    assert not Owner.objects.filter(organization__isnull=False).exists()
