"""End an account for good: nothing works with it any more, and its name is never given out again."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts import audit, keys
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import APIKey, Membership, Owner, User
from marketplace.accounts.permissions import may_close
from marketplace.lib.errors import Conflict


@transaction.atomic
def close(owner: Owner, *, by: Actor) -> None:
    """Close a person's or an organization's account; what it published is hidden with it."""
    by.require(may_close, owner)
    if owner.closed_at is not None:
        return
    if owner.user is not None:
        _end_person(owner.user)
    if owner.organization is not None:
        owner.organization.memberships.all().delete()
    for key in APIKey.objects.usable().filter(owner=owner):
        keys.withdraw(key, by)
    owner.was_suspended = owner.is_suspended
    owner.is_suspended = True
    owner.closed_at = timezone.now()
    owner.save(update_fields=["was_suspended", "is_suspended", "closed_at"])
    audit.record(by, "closed an account", owner)


@dataclass(frozen=True)
class Ending:
    """What ends with an account, in numbers."""

    keys: int
    people: int


def what_ends(owner: Owner) -> Ending:
    """Count what closing would end, to say so before it is done."""
    people = owner.organization.memberships.count() if owner.organization is not None else 0
    return Ending(APIKey.objects.usable().filter(owner=owner).count(), people)


def _end_person(user: User) -> None:
    for membership in user.memberships.filter(role=Membership.Role.OWNER):
        owners = membership.organization.memberships.filter(role=Membership.Role.OWNER)
        if owners.count() == 1:
            raise Conflict(
                _(
                    "%(user)s is the last owner of %(organization)s; make somebody else an owner "
                    "or close the organization first."
                )
                % {"user": user, "organization": membership.organization}
            )
    user.memberships.all().delete()
    user.is_active = False
    user.save(update_fields=["is_active"])
