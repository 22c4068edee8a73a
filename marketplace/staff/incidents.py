"""What went wrong, told to everybody while it goes on and after."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts import audit
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Incident, IncidentUpdate
from marketplace.accounts.permissions import may_administer
from marketplace.lib.errors import BadInput

SHOWN: Final = 20


def ongoing() -> list[Incident]:
    rows = Incident.objects.exclude(state=Incident.State.RESOLVED)
    return list(rows.prefetch_related("updates"))


def past() -> list[Incident]:
    rows = Incident.objects.filter(state=Incident.State.RESOLVED)
    return list(rows.prefetch_related("updates")[:SHOWN])


@transaction.atomic
def begin(title: str, text: str, *, by: Actor) -> Incident:
    """Tell that something is wrong."""
    by.require(may_administer, "incidents")
    if not title.strip():
        raise BadInput(_("An incident needs a title."))
    incident = Incident.objects.create(title=title.strip()[:120])
    _say(incident, Incident.State.INVESTIGATING, text)
    audit.record(by, "reported an incident", incident.title)
    return incident


@transaction.atomic
def update(incident: Incident, state: str, text: str, *, by: Actor) -> Incident:
    """Say how it goes; resolving ends it, and any other state opens it again."""
    by.require(may_administer, "incidents")
    if state not in Incident.State.values:
        raise BadInput(_("An incident has one of the states on the form."))
    incident.state = state
    incident.resolved_at = timezone.now() if state == Incident.State.RESOLVED else None
    incident.save()
    _say(incident, Incident.State(state), text)
    audit.record(by, "updated an incident", incident.title, state=state)
    return incident


def _say(incident: Incident, state: Incident.State, text: str) -> None:
    if not text.strip():
        raise BadInput(_("Say in a sentence what is known."))
    IncidentUpdate.objects.create(incident=incident, state=state, text=text.strip()[:2000])
