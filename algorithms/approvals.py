"""An organization's administrators say yes or no to what its members publish for everyone.

A version that waits, or was refused, is callable like a private one (models/version.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from algorithms.models import Algorithm, Version
from algorithms.permissions import may_approve_versions
from algorithms.terms import Terms, terms_in_words, terms_of
from marketplace.accounts import audit, notifications
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Membership
from marketplace.lib.errors import BadInput, Conflict

REASON_LENGTH = 2000
_ADMINISTRATORS = (Membership.Role.OWNER, Membership.Role.ADMIN)


@dataclass(frozen=True)
class Waiting:
    """One version that waits, and what it would change for its callers."""

    version: Version
    before: Version | None
    """The public version that callers have now."""
    words: list[str]
    """Its terms in words; those that are new against the version before."""
    new_words: list[str]


def state_of_new(algorithm: Algorithm, terms: Terms, *, by: Actor) -> str:
    """What a version published now starts with; an administrator's own needs nobody else."""
    organization = algorithm.owner.organization
    if not terms.is_public or organization is None or not organization.approves_versions:
        return Version.Approval.UNASKED
    if may_approve_versions(by, algorithm):
        return Version.Approval.APPROVED
    return Version.Approval.WAITING


def ask(version: Version, *, by: Actor) -> None:
    """Tell the administrators that a version waits for them."""
    by.require(may_view_waiting, version)
    organization = version.algorithm.owner.organization
    if organization is None or version.approval != Version.Approval.WAITING:
        return
    people = organization.memberships.filter(role__in=_ADMINISTRATORS)
    notifications.tell(
        people.values_list("user_id", flat=True),
        kind="approval",
        title=lambda: _("%(version)s waits for your approval") % {"version": version},
        body=lambda: (
            _("%(who)s published it for everyone. Until you approve it, only members call it.")
            % {"who": by.name}
        ),
        url="/approvals/",
    )


def waiting_for(*, by: Actor) -> list[Waiting]:
    """What waits for this actor's decision, the oldest first."""
    rows = Version.objects.waiting().filter(algorithm__owner__in=by.administers)
    rows = rows.select_related("algorithm__owner__organization", "published_by", "build")
    mine = [row for row in rows.order_by("created_at") if may_approve_versions(by, row.algorithm)]
    return [_described(row) for row in mine]


def approve(version: Version, *, by: Actor) -> Version:
    """Let everyone call it from now on."""
    by.require(may_approve_versions, version.algorithm)
    return _decide(version, by, Version.Approval.APPROVED, "")


def refuse(version: Version, *, by: Actor, reason: str) -> Version:
    """Keep it among the members, and say why."""
    by.require(may_approve_versions, version.algorithm)
    text = reason.strip()
    if not text:
        raise BadInput(_("Say why, so that the author knows what to change."))
    return _decide(version, by, Version.Approval.REFUSED, text[:REASON_LENGTH])


def may_view_waiting(actor: Actor, version: Version) -> bool:
    return actor.speaks_for(version.algorithm.owner_id)


@transaction.atomic
def _decide(version: Version, by: Actor, approval: Version.Approval, reason: str) -> Version:
    locked = Version.objects.select_for_update(of=("self",)).select_related("algorithm__owner")
    row = locked.get(pk=version.pk)
    if row.approval != Version.Approval.WAITING:
        raise Conflict(
            _("%(version)s was decided already: %(state)s.")
            % {"version": row, "state": row.get_approval_display()}
        )
    row.approval, row.approval_reason = approval, reason
    row.approved_by_id, row.approval_at = by.user_id, timezone.now()
    row.save(update_fields=["approval", "approval_reason", "approved_by", "approval_at"])
    if row.is_public and not row.algorithm.is_public:
        row.algorithm.is_public = True
        row.algorithm.save(update_fields=["is_public"])
    audit.record(by, f"{approval} a version", row, reason=reason[:200])
    _tell_author(row, by)
    return row


def _tell_author(version: Version, by: Actor) -> None:
    if version.published_by_id is None or version.published_by_id == by.user_id:
        return
    is_approved = version.approval == Version.Approval.APPROVED
    approved = gettext_noop("%(version)s is approved")
    title = approved if is_approved else gettext_noop("%(version)s was not approved")
    notifications.tell(
        [version.published_by_id],
        kind="approval",
        title=lambda: _(title) % {"version": version},
        body=lambda: (
            _("From now on everyone may call it.") if is_approved else version.approval_reason
        ),
        url=f"/algorithms/{version.algorithm}/",
    )


def _described(version: Version) -> Waiting:
    before = version.algorithm.versions.public().newest_first().first()
    words = terms_in_words(terms_of(version))
    known = set(terms_in_words(terms_of(before))) if before is not None else set()
    return Waiting(version, before, words, [word for word in words if word not in known])
