"""Invitations by name and by mail: accepted, declined, taken back, too old."""

from __future__ import annotations

import re
from copy import copy
from datetime import timedelta

import pytest
from django.core import mail as outbox
from django.test import Client
from django.utils import timezone

from marketplace.accounts import invitations, organizations
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Invitation, Membership, Notification, Owner, User
from marketplace.accounts.organizations import Details

pytestmark = pytest.mark.django_db


def signed_in(actor: Actor) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=actor.name))
    return client


@pytest.fixture
def team(alice: Actor) -> Owner:
    return organizations.create("team", by=alice, details=Details(label="The Team"))


def test_person_is_told_sees_who_invites_and_accepts(team: Owner, alice: Actor, bob: Actor) -> None:
    invited = {"person": "bob", "role": "billing"}

    signed_in(alice).post("/organizations/team/invite/", invited)
    page = signed_in(bob).get("/organizations/team/invitation/").content.decode()
    signed_in(bob).post("/organizations/team/invitation/", {"answer": "accept"})

    assert "Join The Team?" in page
    assert "alice invites you as:" in page
    assert Membership.objects.get(user__username="bob").role == "billing"
    assert list(Notification.objects.order_by("pk").values_list("title", flat=True)) == [
        "alice invites you to The Team",
        "bob has joined The Team",
    ]


def test_address_without_account_gets_a_link_that_works_once(
    team: Owner, alice: Actor, bob: Actor
) -> None:
    invited = {"person": "carol@example.org", "role": "member"}
    signed_in(alice).post("/organizations/team/invite/", invited)
    link = re.findall(r"/invitations/\S+", str(outbox.outbox[0].body))[0]

    visitor = Client().get(link).content.decode()
    unsigned = Client().post(link, {"answer": "accept"})
    joined = signed_in(bob).post(link, {"answer": "accept"})
    again = signed_in(bob).get(link)

    assert outbox.outbox[0].to == ["carol@example.org"]
    assert f"/sign_up/?next={link}" in visitor
    assert unsigned.status_code == 401
    assert joined["Location"] == "/organizations/team/"
    assert Membership.objects.get(user__username="bob").role == "member"
    assert again.status_code == 404
    assert link.split("/")[2] not in str(Invitation.objects.values_list("digest"))


def test_link_lets_one_person_in_though_two_have_opened_it(
    team: Owner, alice: Actor, bob: Actor, mallory: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    invited = {"person": "carol@example.org", "role": "member"}
    signed_in(alice).post("/organizations/team/invite/", invited)
    link = re.findall(r"/invitations/\S+", str(outbox.outbox[0].body))[0]
    seen_by_both = Invitation.objects.select_related("organization__owner").get()
    monkeypatch.setattr(invitations, "behind", lambda _token: copy(seen_by_both))

    answers = [signed_in(who).post(link, {"answer": "accept"}) for who in (bob, mallory)]

    assert [answer.status_code for answer in answers] == [302, 404]
    assert not Membership.objects.filter(user__username="mallory").exists()


def test_invitations_end_by_time_by_the_organization_and_by_a_no(
    team: Owner, alice: Actor, bob: Actor, mallory: Actor
) -> None:
    boss = signed_in(alice)
    for person in ("bob", "carol@example.org", "dave@example.org"):
        boss.post("/organizations/team/invite/", {"person": person, "role": "member"})
    links = [re.findall(r"/invitations/\S+", str(mail.body))[0] for mail in outbox.outbox]
    carol = Invitation.objects.get(email="carol@example.org")

    Membership.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    late = signed_in(bob).post("/organizations/team/invitation/", {"answer": "accept"})
    stolen = signed_in(mallory).post(f"/organizations/team/invitations/{carol.pk}/")
    boss.post(f"/organizations/team/invitations/{carol.pk}/")
    Client().post(links[1], {"answer": "decline"})

    assert (late.status_code, stolen.status_code) == (409, 403)
    assert Membership.objects.get(user__username="bob").role == "invited"
    assert not Invitation.objects.exists()
    assert [signed_in(mallory).get(link).status_code for link in links] == [404, 404]


def test_administrator_manages_people_but_no_owners(team: Owner, alice: Actor, bob: Actor) -> None:
    assert team.organization is not None
    user = User.objects.get(username="bob")
    Membership.objects.create(organization=team.organization, user=user, role="admin")
    admin = signed_in(bob)

    invited = admin.post(
        "/organizations/team/invite/", {"person": "carol@example.org", "role": "member"}
    )
    as_owner = admin.post(
        "/organizations/team/invite/", {"person": "dave@example.org", "role": "owner"}
    )
    admin.post("/organizations/team/members/bob/role/", {"role": "owner"})
    admin.post("/organizations/team/members/alice/remove/")
    closed = admin.post("/organizations/team/close/")

    assert (invited.status_code, as_owner.status_code, closed.status_code) == (302, 400, 403)
    assert Membership.objects.get(user__username="alice").role == "owner"
    assert Membership.objects.get(user__username="bob").role == "admin"
    assert Invitation.objects.count() == 1


def test_owner_closes_the_organization_after_a_warning(team: Owner, alice: Actor) -> None:
    client = signed_in(alice)

    asked = client.get("/organizations/team/close/").content.decode()
    client.post("/organizations/team/close/")

    assert "1 person loses access" in asked
    assert Owner.objects.get(name="team").closed_at is not None
    assert client.get("/organizations/team/").status_code == 404


def test_site_fills_no_mailbox_for_whoever_takes_invitations_back_and_asks_again(
    team: Owner, alice: Actor
) -> None:
    boss = signed_in(alice)
    for _ in range(8):
        boss.post("/organizations/team/invite/", {"person": "victim@example.org", "role": "member"})
        Invitation.objects.all().delete()

    assert len(outbox.outbox) == 5
