"""Decide a case: what changes, who is told and what is written down happen together or not at all."""

from __future__ import annotations

from datetime import timedelta
from statistics import median
from typing import Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts import audit
from marketplace.accounts.actors import Actor
from marketplace.catalog.models import Case, Decision
from marketplace.catalog.models.moderation import REASON_LENGTH
from marketplace.catalog.moderation import effects, letters
from marketplace.catalog.moderation.rules import may_decide
from marketplace.lib.errors import BadInput, Conflict, NotAllowed

SHORTEST: Final = 10
WEEK: Final = timedelta(days=7)

CANNED: Final = {
    "as_described": "It does what its page says, and asks for no more permissions than it needs.",
    "internet_unexplained": (
        "This version reaches the internet, and neither its page nor its release notes say what "
        "for. Say which hosts it contacts and why, or publish it without that permission."
    ),
    "secrets": (
        "The code sends what callers give it, or what it finds in its surroundings, to a place "
        "that its page does not name."
    ),
    "posing": (
        "The name can be taken for another that people know. Publish it under a name that cannot."
    ),
    "copied": "The code or the model belongs to somebody else, who has not allowed this use.",
    "mining": "The code uses our machines for something other than what its callers ask for.",
    "broken": "It does not do what its page says, as the calls we made show.",
    "abuse": "It attacks or insults a person or a group.",
    "advertising": "It advertises something instead of saying what its page is for.",
}
"""Reasons that come up often, to start from."""


@transaction.atomic
def decide(case: Case, *, by: Actor, action: str, reason: str) -> Decision:
    """Make one decision about a case, with its reason."""
    if case.owner_id in by.owner_ids | by.executes_for:
        raise NotAllowed(_("This is about you or your organization: somebody else must decide."))
    by.require(may_decide, case)
    said = reason.strip().replace("\0", "")
    if not SHORTEST <= len(said) <= REASON_LENGTH:
        raise BadInput(
            _("Give the reason in %(least)s to %(most)s characters.")
            % {"least": SHORTEST, "most": REASON_LENGTH}
        )
    locked = Case.objects.select_for_update().get(pk=case.pk)
    if action not in effects.available(locked):
        raise Conflict(_("This cannot be decided any more: somebody has decided meanwhile."))
    made = record(locked, by=by, action=action, reason=said)
    locked.state = Case.State.WAITING if action == Decision.Action.ASK else Case.State.CLOSED
    locked.decided_at = made.made_at
    locked.save(update_fields=["state", "decided_at"])
    return made


def record(
    case: Case, *, by: Actor, action: str, reason: str, reverses: Decision | None = None
) -> Decision:
    """Carry an action out, write it down and tell the parties; inside a transaction of the caller's."""
    effects.apply(action, case, reason=reason)
    made = Decision.objects.create(
        case=case, action=action, reason=reason, made_by_id=by.user_id, reverses=reverses
    )
    audit.record(by, f"decided: {action}", case.label, reason=reason[:1000], case=str(case.pk))
    letters.send(made)
    return made


def median_wait() -> timedelta | None:
    """Of the cases decided within a week, from opening to decision; None if there is none."""
    decided = Case.objects.filter(decided_at__gt=timezone.now() - WEEK)
    rows = decided.values_list("opened_at", "decided_at")
    waits = [(end - start).total_seconds() for start, end in rows if end is not None]
    return timedelta(seconds=median(waits)) if waits else None
