"""An organization approves what its members publish for everyone; until then it is private."""

from __future__ import annotations

import pytest
from django.test import Client

from algorithms import publishing, resolving
from algorithms.models import Algorithm, Version
from marketplace.accounts import actors
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Membership, Notification, Organization, Owner, User
from marketplace.lib.errors import NotFound
from tests.factories import BuildFactory, OwnerFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Owner:
    organization = Organization.objects.create(label="Acme", approves_versions=True)
    made: Owner = OwnerFactory.create(name="acme", user=None, organization=organization)
    return made


def joined(acme: Owner, name: str, role: str) -> Actor:
    user = User.objects.get(username=OwnerFactory.create(name=name).name)
    assert acme.organization is not None
    Membership.objects.create(organization=acme.organization, user=user, role=role)
    return actors.of_user(user)


def client_of(actor: Actor) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=actor.name))
    return client


@pytest.fixture
def waiting(acme: Owner) -> Version:
    """A member's public version, which the administrator has yet to look at."""
    joined(acme, "boss", "admin")
    member = joined(acme, "maker", "member")
    algorithm: Algorithm = BuildFactory.create(
        algorithm__owner=acme, algorithm__name="Hello"
    ).algorithm
    return publishing.publish(
        algorithm, by=member, callability="public", release_notes="Greets everybody."
    )


def actor(name: str) -> Actor:
    return actors.of_user(User.objects.get(username=name))


def test_waiting_version_is_called_by_members_and_exists_for_nobody_else(
    waiting: Version, mallory: Actor
) -> None:
    assert waiting.approval == "waiting"
    assert not Algorithm.objects.get().is_public
    for wanted in ("latest", "0.1.*"):
        with pytest.raises(NotFound):
            resolving.resolve("acme", "Hello", wanted, by=actor("maker"))
    assert resolving.resolve("acme", "Hello", "0.1.0", by=actor("maker")).label == "0.1.0"
    assert resolving.resolve("acme", "Hello", "latestPrivate", by=actor("maker")).label == "0.1.0"
    with pytest.raises(NotFound):
        resolving.resolve("acme", "Hello", "0.1.0", by=mallory)
    assert client_of(mallory).get("/algorithms/acme/Hello/").status_code == 404


def test_administrator_is_told_and_approves_and_everyone_may_call(
    waiting: Version, mallory: Actor
) -> None:
    boss = client_of(actor("boss"))
    page = boss.get("/approvals/").content.decode()
    answer = boss.post(f"/approvals/{waiting.pk}/", {"decision": "approve"})

    assert "Greets everybody." in page
    assert "It would be the first version that everyone may call." in page
    assert answer["Location"] == "/approvals/"
    assert resolving.resolve("acme", "Hello", "latest", by=mallory).label == "0.1.0"
    assert [(row.user.username, row.title) for row in Notification.objects.order_by("pk")] == [
        ("boss", "acme/Hello/0.1.0 waits for your approval"),
        ("maker", "acme/Hello/0.1.0 is approved"),
    ]
    assert "Nothing waits for you." in boss.get("/approvals/").content.decode()


def test_refusal_needs_a_reason_and_the_author_reads_it(waiting: Version, mallory: Actor) -> None:
    boss = client_of(actor("boss"))

    boss.post(f"/approvals/{waiting.pk}/", {"decision": "refuse", "reason": " "})
    waiting.refresh_from_db()
    assert waiting.approval == "waiting"
    boss.post(f"/approvals/{waiting.pk}/", {"decision": "refuse", "reason": "Name the licence."})
    boss.post(f"/approvals/{waiting.pk}/", {"decision": "approve"})

    waiting.refresh_from_db()
    assert waiting.approval == "refused"
    assert Notification.objects.get(user__username="maker").body == "Name the licence."
    with pytest.raises(NotFound):
        resolving.resolve("acme", "Hello", "latest", by=mallory)


def test_member_and_stranger_decide_nothing(waiting: Version, mallory: Actor) -> None:
    by_member = client_of(actor("maker")).post(f"/approvals/{waiting.pk}/", {"decision": "approve"})
    by_stranger = client_of(mallory).post(f"/approvals/{waiting.pk}/", {"decision": "approve"})

    assert (by_member.status_code, by_stranger.status_code) == (403, 404)
    waiting.refresh_from_db()
    assert waiting.approval == "waiting"


def test_administrators_own_version_waits_for_nobody(acme: Owner) -> None:
    algorithm = BuildFactory.create(algorithm__owner=acme).algorithm

    version = publishing.publish(algorithm, by=joined(acme, "boss", "owner"), callability="public")

    assert version.is_public
    assert Algorithm.objects.get().is_public
    assert not Notification.objects.exists()


def test_publish_dialog_says_that_somebody_else_approves(acme: Owner) -> None:
    boss, member = joined(acme, "boss", "admin"), joined(acme, "maker", "member")
    BuildFactory.create(algorithm__owner=acme, algorithm__name="Hello")
    place = "/algorithms/acme/Hello/publish/"
    form = {"callability": "public", "pricing": "free", "accepts_terms": "on"}

    plans = [client_of(one).get(f"{place}plan/", form).json() for one in (boss, member)]
    page = client_of(member).post(place, form, follow=True).content.decode()

    assert [plan["waits"] for plan in plans] == [False, True]
    assert "acme/Hello/0.1.0 is published for the members of acme." in page


def test_stranger_reads_nothing_of_a_waiting_version_in_the_lists_of_a_public_algorithm(
    waiting: Version, mallory: Actor
) -> None:
    boss = client_of(actor("boss"))
    boss.post(f"/approvals/{waiting.pk}/", {"decision": "approve"})
    BuildFactory.create(algorithm=waiting.algorithm)
    second = publishing.publish(
        waiting.algorithm, by=actor("maker"), callability="public", release_notes="Not for you yet."
    )
    address = "/v1/algorithms/acme/Hello/versions"

    listed = client_of(mallory).get(address)
    named = client_of(mallory).get(f"{address}/{second.number}")
    of_boss = boss.get(address)

    assert [one["version_info"]["semantic_version"] for one in listed.json()["results"]] == [
        "0.1.0"
    ]
    assert named.status_code == 404
    assert "Not for you yet." in of_boss.content.decode()
