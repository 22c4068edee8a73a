from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from algorithms.permissions import may_call, may_edit, may_view_source
from marketplace.accounts import actors, invitations, keys, organizations
from marketplace.accounts.actors import Actor
from marketplace.accounts.closing import close
from marketplace.accounts.models import APIKey, AuditEntry, Membership, Owner, User
from marketplace.accounts.organizations import Details, Role
from marketplace.api.authentication import actor_from
from marketplace.lib.errors import (
    BadInput,
    Conflict,
    MarketplaceError,
    NotAllowed,
    NotFound,
    NotSignedIn,
)
from tests.factories import AlgorithmFactory, OwnerFactory

pytestmark = pytest.mark.django_db


def user(actor: Actor) -> User:
    return User.objects.get(pk=actor.user_id or 0)


def again(actor: Actor) -> Actor:
    """The same person's next request."""
    return actors.of_user(user(actor))


def membership(owner: Owner, actor: Actor) -> Membership:
    return Membership.objects.get(organization=owner.organization, user=user(actor))


def join(owner: Owner, actor: Actor, role: Role, *, by: Actor) -> Actor:
    invited = invitations.invite(owner, user(actor), by=again(by), role=role)
    invitations.accept(invited, by=actor)
    return again(actor)


@pytest.fixture
def team(alice: Actor) -> Owner:
    return organizations.create("team", by=alice, details=Details(label="The Team"))


def test_who_creates_an_organization_owns_it(team: Owner, alice: Actor) -> None:
    actor = again(alice)

    assert team.pk in actor.owner_ids
    assert team.pk in actor.administers
    assert team.label == "The Team"
    assert AuditEntry.objects.filter(action="created an organization", target="team").exists()


@pytest.mark.parametrize("name", ["alice", "ALICE", "team", "Team", "admin"])
def test_people_and_organizations_share_one_room_of_names(
    team: Owner, bob: Actor, name: str
) -> None:
    with pytest.raises(Conflict) as refusal:
        organizations.create(name, by=bob, details=Details())

    assert refusal.value.wire_code == 3101
    assert Owner.objects.filter(organization__isnull=False).count() == 1


@pytest.mark.parametrize(
    "details",
    [
        Details(contact_email="nonsense"),
        Details(website="javascript:alert(1)"),
        Details(label="x" * 101),
        Details(type_name="golden"),
    ],
)
def test_details_that_make_no_sense_are_refused(alice: Actor, details: Details) -> None:
    with pytest.raises(BadInput):
        organizations.create("team", by=alice, details=details)

    assert not Owner.objects.named("team").exists()


def test_invited_is_not_yet_a_member(team: Owner, alice: Actor, bob: Actor) -> None:
    invitations.invite(team, user(bob), by=again(alice), role=Role.OWNER)

    assert membership(team, bob).role == "invited"
    assert again(bob).owner_ids == bob.owner_ids
    assert again(bob).executes_for == frozenset()


def test_accepting_gives_the_role_that_was_offered(team: Owner, alice: Actor, bob: Actor) -> None:
    joined = join(team, bob, Role.EXECUTOR, by=alice)

    assert joined.owner_ids == bob.owner_ids
    assert joined.executes_for == {team.pk}


def test_inviting_twice_changes_nothing(team: Owner, alice: Actor, bob: Actor) -> None:
    join(team, bob, Role.MEMBER, by=alice)

    invitations.invite(team, user(bob), by=again(alice), role=Role.OWNER)

    assert membership(team, bob).role == "member"


def test_nobody_accepts_for_somebody_else(
    team: Owner, alice: Actor, bob: Actor, mallory: Actor
) -> None:
    invited = invitations.invite(team, user(bob), by=again(alice))

    with pytest.raises(NotAllowed):
        invitations.accept(invited, by=mallory)

    assert membership(team, bob).role == "invited"


# What each may do with an organization's things: (call, read source, edit, make keys, invite)
RIGHTS = {
    "owner": (True, True, True, True, True),
    "admin": (True, True, True, True, True),
    "member": (True, True, True, True, False),
    "billing": (False, False, False, False, False),
    "executor": (True, False, False, False, False),
    "invited": (False, False, False, False, False),
    "stranger": (False, False, False, False, False),
}


@pytest.mark.parametrize("role", RIGHTS)
def test_the_matrix_of_roles(team: Owner, alice: Actor, bob: Actor, role: str) -> None:
    algorithm = AlgorithmFactory.create(owner=team, is_public=False)
    if role in Role.values and role != "invited":
        join(team, bob, Role(role), by=alice)
    elif role == "invited":
        invitations.invite(team, user(bob), by=again(alice), role=Role.OWNER)
    actor = again(bob)

    rights = (
        may_call(actor, algorithm),
        may_view_source(actor, algorithm),
        may_edit(actor, algorithm),
        _is_allowed(lambda: keys.create(team, by=actor, label="mine")),
        _is_allowed(lambda: invitations.invite(team, user(alice), by=actor)),
    )

    assert rights == RIGHTS[role]


def _is_allowed(act: Callable[[], object]) -> bool:
    try:
        act()
    except (NotAllowed, NotSignedIn):
        return False
    return True


@pytest.mark.parametrize("role", ["member", "executor", "invited", "stranger"])
def test_only_owners_change_edit_and_remove(
    team: Owner, alice: Actor, bob: Actor, role: str
) -> None:
    if role in ("member", "executor"):
        join(team, bob, Role(role), by=alice)
    elif role == "invited":
        invitations.invite(team, user(bob), by=again(alice))
    actor = again(bob)

    for act in (
        lambda: organizations.change_role(team, user(bob), Role.OWNER, by=actor),
        lambda: organizations.remove(team, user(alice), by=actor),
        lambda: organizations.edit(team, by=actor, details=Details(label="Mine")),
        lambda: close(team, by=actor),
    ):
        with pytest.raises(NotAllowed):
            act()

    assert membership(team, alice).role == "owner"


def test_the_last_owner_can_neither_go_nor_become_less(team: Owner, alice: Actor) -> None:
    owner = again(alice)

    with pytest.raises(Conflict, match="last owner"):
        organizations.leave(membership(team, alice), by=owner)
    with pytest.raises(Conflict, match="last owner"):
        organizations.change_role(team, user(alice), Role.MEMBER, by=owner)
    with pytest.raises(Conflict, match="last owner"):
        organizations.remove(team, user(alice), by=owner)

    assert membership(team, alice).role == "owner"


def test_with_a_second_owner_the_first_may_leave(team: Owner, alice: Actor, bob: Actor) -> None:
    join(team, bob, Role.OWNER, by=alice)

    organizations.leave(membership(team, alice), by=again(alice))

    assert team.pk not in again(alice).owner_ids
    assert team.pk in again(bob).administers


def test_declining_ends_the_invitation(team: Owner, alice: Actor, bob: Actor) -> None:
    invited = invitations.invite(team, user(bob), by=again(alice))

    organizations.leave(invited, by=bob)

    assert not Membership.objects.filter(user=user(bob)).exists()


def test_removing_who_is_no_member_says_so(team: Owner, alice: Actor, bob: Actor) -> None:
    with pytest.raises(NotFound, match="bob is not a member of team"):
        organizations.remove(team, user(bob), by=again(alice))


def test_who_is_removed_takes_no_key_of_the_organization_along(
    team: Owner, alice: Actor, bob: Actor
) -> None:
    joined = join(team, bob, Role.OWNER, by=alice)
    _, secret = keys.create(team, by=joined, label="deploys")
    assert actor_from(secret).name == "team"

    organizations.remove(team, user(bob), by=again(alice))

    with pytest.raises(NotSignedIn):
        actor_from(secret)
    assert APIKey.objects.get(label="deploys").revoked_at is not None


def test_an_organizations_key_reaches_the_organization_only(
    team: Owner, alice: Actor, bob: Actor
) -> None:
    other = organizations.create("other", by=alice, details=Details())
    _, secret = keys.create(team, by=again(alice), label="deploys")

    actor = actor_from(secret)

    assert actor.owner_ids == {team.pk}
    assert other.pk not in actor.owner_ids | actor.administers


def test_a_suspended_organization_lends_nobody_its_rights(team: Owner, alice: Actor) -> None:
    _, secret = keys.create(team, by=again(alice), label="deploys")
    team.is_suspended = True
    team.save()

    with pytest.raises(NotSignedIn):
        actor_from(secret)
    assert team.pk not in again(alice).owner_ids


def test_closing_ends_keys_and_memberships_and_keeps_the_name_taken(
    team: Owner, alice: Actor, bob: Actor
) -> None:
    join(team, bob, Role.MEMBER, by=alice)
    User.objects.filter(username="alice").update(is_staff=True)

    close(team, by=again(alice))

    assert not Membership.objects.exists()
    with pytest.raises(Conflict):
        organizations.create("team", by=bob, details=Details())


def test_a_person_who_alone_owns_an_organization_is_not_closed(team: Owner, alice: Actor) -> None:
    staff = OwnerFactory.create(name="staff_person")
    assert staff.user is not None
    User.objects.filter(pk=staff.user.pk).update(is_staff=True)
    staff.user.refresh_from_db()

    with pytest.raises(Conflict, match="last owner"):
        close(Owner.objects.get(name="alice"), by=actors.of_user(staff.user))

    assert user(alice).is_active


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_leave_at_once_leave_one_behind(
    team: Owner, alice: Actor, bob: Actor
) -> None:
    join(team, bob, Role.OWNER, by=alice)
    start = threading.Barrier(2)
    outcomes: list[str] = []

    def run(actor: Actor) -> None:
        mine, me = membership(team, actor), again(actor)
        start.wait()
        try:
            organizations.leave(mine, by=me)
            outcomes.append("left")
        except MarketplaceError as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(actor,)) for actor in (alice, bob)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["conflict", "left"]
    assert Membership.objects.filter(role=Role.OWNER).count() == 1
