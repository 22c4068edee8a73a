"""Ask somebody to join an organization, by account name or by e-mail, and what they answer.

Who has an account is asked as a member to be, finds it among their organizations and hears of
it; an address without one gets a link that works once. Both end after a while.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts import attempts, audit, notifications
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Invitation, Membership, Owner, User
from marketplace.accounts.organizations import organization_of
from marketplace.accounts.permissions import (
    may_answer_for,
    may_change_own_settings,
    may_manage_organization,
    may_manage_owners,
)
from marketplace.lib.errors import BadInput, Conflict, NotFound, TooMany, Unavailable

log = logging.getLogger(__name__)

Role = Membership.Role
LIFETIME: Final = timedelta(days=14)
MOST_OPEN: Final = 100
"""Mailed invitations of one organization that nobody has answered yet."""

A_DAY: Final = timedelta(days=1)
MOST_TO_ONE: Final = 5
MOST_A_DAY: Final = 100
"""Mails that one person may have sent, so that this site fills nobody's mailbox for a stranger."""


def person_called(text: str) -> User | None:
    """The active person with this account name or e-mail address."""
    login = text.strip()
    by_name = Q(username__iexact=login) | Q(email__iexact=login)
    if not login or "\x00" in login:
        return None
    return User.objects.filter(by_name, is_active=True, owner__isnull=False).first()


@transaction.atomic
def invite(owner: Owner, person: User, *, by: Actor, role: Role = Role.MEMBER) -> Membership:
    """Ask a person to join; for somebody who is in it changes nothing, an old invitation it renews."""
    by.require(may_manage_organization, owner)
    _check_role(owner, role, by)
    if not person.is_active:
        raise BadInput(_("The account %(name)s is closed.") % {"name": person})
    membership, is_new = Membership.objects.get_or_create(
        organization=organization_of(owner),
        user=person,
        defaults={
            "role": Role.INVITED,
            "invited_as": role,
            "invited_by_id": by.user_id,
            "expires_at": timezone.now() + LIFETIME,
        },
    )
    if not is_new and not is_over(membership):
        return membership
    if not is_new:
        membership.invited_as, membership.invited_by_id = role, by.user_id
        membership.expires_at = timezone.now() + LIFETIME
        membership.save(update_fields=["invited_as", "invited_by", "expires_at"])
    audit.record(by, "invited somebody", f"{owner}: {person}", role=role)
    notifications.tell(
        [person.pk],
        kind="organization",
        title=lambda: (
            _("%(who)s invites you to %(organization)s")
            % {"who": by.name, "organization": owner.label}
        ),
        body=lambda: (
            _("As: %(role)s. The invitation is good for %(days)s days.")
            % {"role": role.label, "days": LIFETIME.days}
        ),
        url=f"/organizations/{owner.name}/invitation/",
    )
    return membership


def is_over(membership: Membership) -> bool:
    """Whether this was an invitation that nobody has answered in time."""
    has_ended = membership.expires_at is not None and membership.expires_at <= timezone.now()
    return membership.role == Role.INVITED and has_ended


@transaction.atomic
def accept(membership: Membership, *, by: Actor) -> Membership:
    """Join with the role that was offered."""
    by.require(may_answer_for, membership)
    if is_over(membership):
        raise Conflict(
            _("This invitation has expired. Ask %(organization)s for a new one.")
            % {"organization": membership.organization}
        )
    if membership.role == Role.INVITED:
        membership.role, membership.expires_at = Role(membership.invited_as), None
        membership.save(update_fields=["role", "expires_at"])
        audit.record(by, "joined an organization", membership)
        _tell_inviter(membership.invited_by_id, membership.organization.owner, by)
    return membership


def invite_address(
    owner: Owner, email: str, *, by: Actor, role: Role, link_of: Callable[[str], str]
) -> Invitation:
    """Mail a link to somebody without an account; again to the same address replaces the first."""
    by.require(may_manage_organization, owner)
    _check_role(owner, role, by)
    address = _checked(email)
    attempts.admit("invitation to an address", address.lower(), most=MOST_TO_ONE, within=A_DAY)
    attempts.admit("invitation by", by.user_id or owner.pk, most=MOST_A_DAY, within=A_DAY)
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        organization = organization_of(owner)
        open_ones = organization.invitations.exclude(email__iexact=address)
        if open_ones.filter(expires_at__gt=timezone.now()).count() >= MOST_OPEN:
            raise TooMany(
                _("%(organization)s has %(most)s open invitations; take some back first.")
                % {"organization": owner.label, "most": MOST_OPEN},
                retry_after=3600,
            )
        organization.invitations.filter(email__iexact=address).delete()
        made = organization.invitations.create(
            email=address,
            role=role,
            digest=digest_of(token),
            invited_by_id=by.user_id,
            expires_at=timezone.now() + LIFETIME,
        )
        audit.record(by, "invited somebody", f"{owner}: {address}", role=role)
        _mail(made, owner, by, link_of(token))
    return made


def behind(token: str) -> Invitation:
    """The invitation a link leads to, or NotFound if it was answered, taken back or is too old."""
    rows = Invitation.objects.filter(digest=digest_of(token), expires_at__gt=timezone.now())
    found = rows.select_related("organization__owner", "invited_by").first()
    if found is None or found.organization.owner.closed_at is not None:
        raise _gone()
    return found


@transaction.atomic
def accept_mailed(token: str, *, by: Actor) -> Membership:
    """Join as whoever is signed in: having the link shows that the mail was theirs."""
    by.require(may_change_own_settings, "invitations")
    found = behind(token)
    if not Invitation.objects.filter(pk=found.pk).delete()[0]:
        raise _gone()  # somebody else was faster with the same link
    membership, _new = Membership.objects.get_or_create(
        organization=found.organization, user_id=by.user_id or 0, defaults={"role": found.role}
    )
    if membership.role == Role.INVITED:
        membership.role, membership.expires_at = Role(found.role), None
        membership.save(update_fields=["role", "expires_at"])
    audit.record(by, "joined an organization", membership, invited=found.email)
    _tell_inviter(found.invited_by_id, found.organization.owner, by)
    return membership


def decline_mailed(token: str) -> None:
    """Whoever has the link says no; nobody is told who that was."""
    behind(token).delete()


@transaction.atomic
def take_back(owner: Owner, invitation_id: UUID, *, by: Actor) -> None:
    by.require(may_manage_organization, owner)
    rows = Invitation.objects.filter(organization=organization_of(owner), pk=invitation_id)
    found = rows.first()
    if found is None:
        raise NotFound(_("There is no such invitation."))
    found.delete()
    audit.record(by, "took an invitation back", f"{owner}: {found.email}")


def _gone() -> NotFound:
    return NotFound(_("This invitation was answered, taken back or is too old. Ask for a new one."))


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _check_role(owner: Owner, role: Role, by: Actor) -> None:
    if role == Role.INVITED:
        raise BadInput(_("Invite somebody to a role."))
    if role == Role.OWNER:
        by.require(may_manage_owners, owner)


def _checked(email: str) -> str:
    address = User.objects.normalize_email(email.strip())
    try:
        validate_email(address)
    except ValidationError:
        raise BadInput(
            _("%(text)r is neither an account name here nor an e-mail address.")
            % {"text": email[:60]}
        ) from None
    return address


def _mail(invitation: Invitation, owner: Owner, by: Actor, link: str) -> None:
    values = {
        "who": by.name,
        "organization": owner.label,
        "site": settings.SITE_NAME,
        "role": invitation.get_role_display(),
        "days": LIFETIME.days,
        "link": link,
    }
    body = _(
        "%(who)s invites you to %(organization)s at %(site)s, as: %(role)s.\n\n"
        "Look at it, and accept or decline within %(days)s days:\n\n%(link)s\n\n"
        "If you do not know them, do nothing."
    )
    subject = _("%(who)s invites you to %(organization)s") % values
    try:
        send_mail(" ".join(subject.split()), body % values, None, [invitation.email])
    except OSError as error:
        log.exception("The mail server does not take mail")
        raise Unavailable(
            _("Mail cannot be sent at present, so nobody was invited. Try again later.")
        ) from error


def _tell_inviter(user_id: int | None, owner: Owner, by: Actor) -> None:
    if user_id is not None:
        notifications.tell(
            [user_id],
            kind="organization",
            title=lambda: (
                _("%(who)s has joined %(organization)s")
                % {"who": by.name, "organization": owner.label}
            ),
            url=f"/organizations/{owner.name}/",
        )
