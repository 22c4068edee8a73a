"""Who stands so close to an author that their calls earn no royalty: the author, paying themselves.

Two owners are kin if one speaks for the other, if they work in one organization, if one person
runs both organizations, or if they pay with one card. Their calls cost the computing only, so
that no second account can turn credit into a payout.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db.models import Q

from billing.models import StripeCustomer, TopUp
from marketplace.accounts.models import Membership, Owner

_RUNNING: Final = (Membership.Role.OWNER, Membership.Role.ADMIN)
_WORKING: Final = (*_RUNNING, Membership.Role.MEMBER)
"""Whom an organization only lets call, or pay its bills, may be its customer."""


def are_kin(one_id: UUID, other_id: UUID) -> bool:
    """Whether no royalty is paid between these two; asked for every call that has one."""
    if one_id == other_id:
        return True
    owners = {
        owner.pk: owner
        for owner in Owner.objects.filter(pk__in=(one_id, other_id)).only("user", "organization")
    }
    one, other = owners.get(one_id), owners.get(other_id)
    if one is None or other is None:
        return False
    return _work_together(one, other) or _pay_with_one_card(one_id, other_id)


def _work_together(one: Owner, other: Owner) -> bool:
    if one.user_id is not None and other.user_id is not None:
        mine = Membership.objects.filter(user=one.user_id, role__in=_WORKING)
        theirs = Membership.objects.filter(user=other.user_id, role__in=_WORKING)
        return theirs.filter(organization__in=mine.values("organization")).exists()
    if one.organization_id is not None and other.organization_id is not None:
        mine = Membership.objects.filter(organization=one.organization_id, role__in=_RUNNING)
        theirs = Membership.objects.filter(organization=other.organization_id, role__in=_RUNNING)
        return theirs.filter(user__in=mine.values("user")).exists()
    return Membership.objects.filter(
        user=one.user_id or other.user_id,
        organization=one.organization_id or other.organization_id,
        role__in=_WORKING,
    ).exists()


def _pay_with_one_card(one_id: UUID, other_id: UUID) -> bool:
    """Real cards only: the test cards of Stripe and of its stand-in are everybody's."""
    one = _cards(one_id)
    return bool(one) and not one.isdisjoint(_cards(other_id))


def _cards(owner_id: UUID) -> set[str]:
    customer = StripeCustomer.objects.filter(owner=owner_id, is_live=True)
    saved = list(customer.values_list("card_fingerprint", flat=True))
    if not saved:
        return set()
    paid = TopUp.objects.filter(~Q(card_fingerprint=""), owner=owner_id)
    used = paid.values_list("card_fingerprint", flat=True).distinct()
    return {*saved, *used} - {""}
