"""Whom news about an owner reaches: the person, or those who decide in an organization."""

from __future__ import annotations

from marketplace.accounts.models import Membership, Owner


def user_ids_of(owner: Owner, *, also_members: bool = False) -> frozenset[int]:
    """Users who speak for the owner; in an organization its owners, or all its members."""
    if owner.user_id is not None:
        return frozenset({owner.user_id})
    roles = [Membership.Role.OWNER, *([Membership.Role.MEMBER] if also_members else [])]
    rows = Membership.objects.filter(organization_id=owner.organization_id, role__in=roles)
    return frozenset(rows.values_list("user_id", flat=True))
