"""Several people under one name: create, change roles, remove, leave (invitations.py: join).

An organization always has an owner: the last one can neither go nor be made less.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from marketplace.accounts import audit, keys, notifications, registration
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import APIKey, Membership, Organization, Owner, User
from marketplace.accounts.permissions import (
    may_administer,
    may_answer_for,
    may_create_organization,
    may_manage_organization,
    may_manage_owners,
)
from marketplace.lib.errors import BadInput, Conflict, NotFound

Role = Membership.Role

NAME_TAKEN: Final = 3101
UNKNOWN: Final = 3100
TYPES: Final = {
    "basic": UUID("8f9b2c1e-6a34-4b0d-9c55-1d2f00000001"),
    "legacy": UUID("8f9b2c1e-6a34-4b0d-9c55-1d2f00000002"),
    "pro": UUID("8f9b2c1e-6a34-4b0d-9c55-1d2f00000003"),
}
"""The predecessor's kinds of organization with ids of ours; here they do not differ."""


@dataclass(frozen=True)
class Details:
    """What an organization says about itself."""

    label: str = ""
    contact_name: str = ""
    contact_email: str = ""
    website: str = ""
    type_name: str = "basic"


def create(name: str, *, by: Actor, details: Details) -> Owner:
    """Make an organization whose first owner is the person who asks."""
    by.require(may_create_organization, f"the organization {name}")
    try:
        checked = registration.check_name(name, what=gettext_noop("organization name"))
    except Conflict as error:
        raise Conflict(error.message, wire_code=NAME_TAKEN) from None
    try:
        return _create(checked, by, details)
    except IntegrityError:
        raise Conflict(
            _("The name %(checked)s is taken; choose another.") % {"checked": repr(checked)},
            wire_code=NAME_TAKEN,
        ) from None


@transaction.atomic
def edit(owner: Owner, *, by: Actor, details: Details) -> Owner:
    """Replace what the organization says about itself."""
    by.require(may_manage_organization, owner)
    organization = organization_of(owner)
    for name, value in _checked(details, owner.name).items():
        setattr(organization, name, value)
    organization.save()
    audit.record(by, "edited an organization", owner)
    return owner


@transaction.atomic
def ask_for_approval(owner: Owner, *, by: Actor, asks: bool) -> None:
    """Say whether its administrators approve each public version of its members."""
    by.require(may_manage_organization, owner)
    organization = organization_of(owner)
    if organization.approves_versions != asks:
        organization.approves_versions = asks
        organization.save(update_fields=["approves_versions"])
        audit.record(by, "changed who approves versions", owner, asks=str(asks))


@transaction.atomic
def change_role(owner: Owner, person: User, role: Role, *, by: Actor) -> Membership:
    """Give a member another role; an invited person gets it by accepting."""
    by.require(may_manage_organization, owner)
    if role == Role.INVITED:
        raise BadInput(_("A member cannot become invited again; remove and invite them instead."))
    membership = _membership(owner, person)
    if Role.OWNER in (role, membership.role, membership.invited_as):
        by.require(may_manage_owners, owner)
    _leave_to_tags(membership, owner)
    if membership.role == Role.INVITED:
        membership.invited_as = role
    else:
        _keep_an_owner(membership, becomes=role)
        membership.role = role
    membership.save(update_fields=["role", "invited_as", "is_by_tags"])
    audit.record(by, "changed a role", f"{owner}: {person}", role=role)
    if person.pk != by.user_id:
        _tell_role(owner, person, role)
    return membership


@transaction.atomic
def place(owner: Owner, person: User, role: Role, *, by: Actor) -> Membership:
    """Make somebody a member in this role without asking, for their tags; not who is one by hand."""
    by.require(may_administer, f"the members of {owner}")
    organization = Organization.objects.select_for_update().get(pk=organization_of(owner).pk)
    membership, is_new = Membership.objects.get_or_create(
        organization=organization, user=person, defaults={"role": role, "is_by_tags": True}
    )
    if not is_new and not membership.is_by_tags and membership.role != Role.INVITED:
        return membership
    if not is_new:
        _keep_an_owner(membership, becomes=role)
        membership.role, membership.is_by_tags, membership.expires_at = role, True, None
        membership.save(update_fields=["role", "is_by_tags", "expires_at"])
    audit.record(by, "gave a role for a tag", f"{owner}: {person}", role=role)
    _tell_role(owner, person, role)
    return membership


@transaction.atomic
def remove(owner: Owner, person: User, *, by: Actor) -> None:
    """End a membership or an invitation, and with it the organization's keys of that person."""
    by.require(may_manage_organization, owner)
    membership = _membership(owner, person)
    if membership.role == Role.OWNER:
        by.require(may_manage_owners, owner)
    _end(membership, by, gettext_noop("removed a member"))


@transaction.atomic
def leave(membership: Membership, *, by: Actor) -> None:
    """Give up a membership, or decline an invitation."""
    by.require(may_answer_for, membership)
    locked = _membership(membership.organization.owner, membership.user)
    _end(locked, by, gettext_noop("left an organization"))


@transaction.atomic
def _create(name: str, by: Actor, details: Details) -> Owner:
    if by.user_id is None:
        raise BadInput(_("An organization needs a person who founds it."))
    organization = Organization.objects.create(**_checked(details, name))
    owner = Owner.objects.create(name=name, organization=organization)
    founder = User.objects.get(pk=by.user_id)
    Membership.objects.create(organization=organization, user=founder, role=Role.OWNER)
    audit.record(by, "created an organization", owner)
    return owner


def _end(membership: Membership, by: Actor, action: str) -> None:
    _keep_an_owner(membership, becomes=None)
    owner = membership.organization.owner
    for key in APIKey.objects.usable().filter(owner=owner, user=membership.user):
        keys.withdraw(key, by)
    membership.delete()
    audit.record(by, action, f"{owner}: {membership.user}")


def _leave_to_tags(membership: Membership, owner: Owner) -> None:
    """Refuse to change by hand what the next token would change back; without tags take it over."""
    if membership.is_by_tags and settings.JWT_TAGS_CLAIM:
        raise Conflict(
            _(
                "The role of %(person)s in %(organization)s comes from tags of the identity "
                "provider; it is changed there."
            )
            % {"person": membership.user, "organization": owner}
        )
    membership.is_by_tags = False


def _tell_role(owner: Owner, person: User, role: Role) -> None:
    notifications.tell(
        [person.pk],
        kind="organization",
        title=lambda: (
            _("Your role in %(organization)s is now: %(role)s")
            % {"organization": owner.label, "role": role.label}
        ),
        url=f"/organizations/{owner.name}/",
    )


def _membership(owner: Owner, person: User) -> Membership:
    """The membership, with the organization locked so that owners are counted one by one."""
    organization = Organization.objects.select_for_update().get(pk=organization_of(owner).pk)
    try:
        return Membership.objects.get(organization=organization, user=person)
    except Membership.DoesNotExist:
        raise NotFound(
            _("%(person)s is not a member of %(owner)s.") % {"person": person, "owner": owner}
        ) from None


def _keep_an_owner(membership: Membership, *, becomes: Role | None) -> None:
    if membership.role != Role.OWNER or becomes == Role.OWNER:
        return
    owners = Membership.objects.filter(organization=membership.organization, role=Role.OWNER)
    if not owners.exclude(pk=membership.pk).exists():
        raise Conflict(
            _("%(user)s is the last owner of %(organization)s; make somebody else an owner first.")
            % {"user": membership.user, "organization": membership.organization}
        )


def organization_of(owner: Owner) -> Organization:
    if owner.organization is None or owner.closed_at is not None:
        raise NotFound(
            _("There is no organization %(owner)s.") % {"owner": owner}, wire_code=UNKNOWN
        )
    return owner.organization


def _checked(details: Details, name: str) -> dict[str, str]:
    found = {field.name: getattr(details, field.name).strip() for field in fields(details)}
    found["label"] = found["label"] or name
    too_long = [key for key in ("label", "contact_name") if len(found[key]) > 100]
    if too_long:
        raise BadInput(
            _("%(too_long)s may have 100 characters at most.") % {"too_long": too_long[0]}
        )
    if found["type_name"] not in TYPES:
        raise BadInput(
            _("An organization is of one of the types %(types)s.") % {"types": ", ".join(TYPES)}
        )
    try:
        if found["contact_email"]:
            validate_email(found["contact_email"])
        if found["website"]:
            URLValidator(schemes=["http", "https"])(found["website"])
    except ValidationError as error:
        raise BadInput(" ".join(error.messages)) from None
    return found
