"""What tags of the identity provider's tokens give a person here, and take from them again.

Tags have the last word on what tags gave, and none on what people gave by hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from marketplace.accounts import audit, notifications, organizations
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import AuditEntry, Membership, Owner, User
from marketplace.accounts.permissions import may_administer
from marketplace.lib import token_tags
from marketplace.lib.errors import Conflict

Role = Membership.Role

TOLD_EVERY: Final = timedelta(days=1)
_KEPT: Final = gettext_noop("kept a last owner without a tag")


class Change(NamedTuple):
    """The role that somebody gets in an organization; None: none any more."""

    owner: Owner
    role: Role | None


def apply(tags: Iterable[str], *, to: User, by: Actor) -> User:
    """Give a person what their tags are worth here, and take what earlier ones gave."""
    by.require(may_administer, f"the roles of {to}")
    known = [worth for tag in tags for worth in settings.JWT_TAGS.get(tag, ())]
    roles = _roles(known)
    makes_staff = token_tags.Worth() in known
    if not _staff_differs(to, makes_staff=makes_staff) and not _changes(to, roles):
        return to
    with transaction.atomic():
        person = User.objects.select_for_update(no_key=True).get(pk=to.pk)
        if _staff_differs(person, makes_staff=makes_staff):
            _set_staff(person, makes_staff=makes_staff, by=by)
        for change in _changes(person, roles):
            _make(change, person, by)
    return person


def _roles(known: Iterable[token_tags.Worth]) -> dict[str, Role]:
    """By the name of the organization, in lower case."""
    found: dict[str, Role] = {}
    ours = [worth for worth in known if worth.organization]
    for worth in sorted(ours, key=lambda worth: token_tags.ROLES.index(worth.role)):
        found.setdefault(worth.organization, Role(worth.role))
    return found


def _staff_differs(person: User, *, makes_staff: bool) -> bool:
    return not person.is_staff if makes_staff else person.is_staff_by_tags


def _set_staff(person: User, *, makes_staff: bool, by: Actor) -> None:
    person.is_staff = person.is_superuser = person.is_staff_by_tags = makes_staff
    person.save(update_fields=["is_staff", "is_superuser", "is_staff_by_tags"])
    audit.record(by, "made staff for a tag" if makes_staff else "no staff without a tag", person)


def _changes(person: User, roles: dict[str, Role]) -> list[Change]:
    """In the order of names, so that two who lock organizations never wait for each other."""
    rows = Membership.objects.filter(user=person).select_related("organization__owner")
    held = {row.organization.owner.name.lower(): row for row in rows}
    taken = [
        Change(row.organization.owner, None)
        for name, row in held.items()
        if row.is_by_tags and name not in roles
    ]
    wanted = {name: role for name, role in roles.items() if _is_given(held.get(name), role)}
    known = Owner.objects.open().filter(organization__isnull=False).alias(lower=Lower("name"))
    found = known.filter(lower__in=list(wanted)) if wanted else ()
    given = [Change(owner, wanted[owner.name.lower()]) for owner in found]
    return sorted(taken + given, key=lambda change: change.owner.name.lower())


def _is_given(held: Membership | None, role: Role) -> bool:
    """Whether it is the tag that decides: over nobody, somebody invited, and whom tags brought."""
    if held is None or held.role == Role.INVITED:
        return True
    return held.is_by_tags and held.role != role


def _make(change: Change, person: User, by: Actor) -> None:
    try:
        if change.role is None:
            organizations.remove(change.owner, person, by=by)
        else:
            organizations.place(change.owner, person, change.role, by=by)
    except Conflict:
        _say_kept(change.owner, person, by)


def _say_kept(owner: Owner, person: User, by: Actor) -> None:
    """The last owner stays one, and staff hear of it, once a day."""
    target = f"{owner}: {person}"
    lately = timezone.now() - TOLD_EVERY
    if AuditEntry.objects.filter(action=_KEPT, target=target, at__gt=lately).exists():
        return
    audit.record(by, _KEPT, target)
    notifications.tell(
        User.objects.filter(is_staff=True, is_active=True).values_list("pk", flat=True),
        kind="organization",
        title=lambda: (
            _("%(person)s is still an owner of %(organization)s, though no tag says so any more")
            % {"person": person, "organization": owner.label}
        ),
        body=lambda: _("An organization keeps its last owner: make somebody else an owner first."),
        url=f"/organizations/{owner.name}/",
    )
