"""What a stranger's algorithm learns of its caller over the relay: their data, and nothing else."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client

from algorithms import authoring
from marketplace.accounts import actors, run_tokens
from marketplace.accounts.actors import Actor, RunningCall
from marketplace.accounts.models import Membership, Organization, Owner, User
from tests.factories import EnvironmentFactory

pytestmark = pytest.mark.django_db


def inside(caller: Actor, author: Actor) -> dict[str, str]:
    """The header of the author's algorithm while it runs for the caller."""
    assert author.owner_id is not None
    running = RunningCall(
        call_id=uuid4(),
        root_id=uuid4(),
        depth=0,
        algorithm_id=uuid4(),
        algorithm_owner_id=author.owner_id,
        algorithm_path="mallory/Nosy",
        may_call_others=True,
    )
    return {"Authorization": f"Bearer {run_tokens.sign(caller, running, expires_in=60)}"}


@pytest.fixture
def bob_in_a_team(bob: Actor) -> Actor:
    person = User.objects.get(pk=bob.user_id or 0)
    team = Organization.objects.create(label="Team", contact_email="boss@example.org")
    Owner.objects.create(name="team", organization=team)
    Membership.objects.create(organization=team, user=person, role="executor")
    return actors.of_user(person)


@pytest.mark.parametrize(
    "path",
    ["users/bob", "users/bob/errors", "organizations/team", "organizations/team/members"],
)
def test_account_of_the_caller_stays_unknown(
    client: Client, bob_in_a_team: Actor, mallory: Actor, path: str
) -> None:
    answer = client.get(f"/v1/{path}", headers=inside(bob_in_a_team, mallory))

    assert answer.status_code == 403
    assert b"example.org" not in answer.content


def test_commits_to_the_callers_closed_source_stay_unknown(
    client: Client, bob: Actor, mallory: Actor
) -> None:
    owner = Owner.objects.get(name="bob")
    authoring.create(
        owner, by=bob, name="Secret", environment=EnvironmentFactory.create(), message="the plan"
    )

    answer = client.get("/v1/algorithms/bob/Secret/log", headers=inside(bob, mallory))

    assert answer.status_code == 403
    assert b"the plan" not in answer.content
