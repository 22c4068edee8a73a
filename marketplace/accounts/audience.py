"""As whom people write here, and whom news about an owner reaches."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Membership, Owner
from marketplace.lib.errors import NotSignedIn


def account_of(actor: Actor) -> UUID:
    """The owner an actor writes as; NotSignedIn for visitors."""
    if actor.owner_id is None:
        raise NotSignedIn(_("Sign in first."))
    return actor.owner_id


def user_ids_of(owner: Owner, *, also_members: bool = False) -> frozenset[int]:
    """Users who speak for the owner; in an organization its owners, or all its members."""
    if owner.user_id is not None:
        return frozenset({owner.user_id})
    roles = [Membership.Role.OWNER, *([Membership.Role.MEMBER] if also_members else [])]
    rows = Membership.objects.filter(organization=owner.organization, role__in=roles)
    return frozenset(rows.values_list("user_id", flat=True))
