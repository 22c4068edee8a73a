"""What the page of an algorithm says of decisions about it."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context

from algorithms.models import Algorithm, Version
from marketplace.accounts.actors import Actor
from marketplace.catalog.models import Decision

register = template.Library()
SHOWN = 5


@register.inclusion_tag("moderation/_notices.html", takes_context=True)
def moderation_notices(
    context: Context, algorithm: Algorithm, version: Version | None
) -> dict[str, Any]:
    """What everybody should know, and for its owner's people every decision about it."""
    actor: Actor | None = getattr(context.get("request"), "actor", None)
    is_theirs = actor is not None and actor.speaks_for(algorithm.owner_id)
    rows = Decision.objects.filter(case__algorithm=algorithm, case__owner=algorithm.owner)
    decisions = rows.select_related("case", "appeal")[:SHOWN] if is_theirs else []
    return {
        "algorithm": algorithm,
        "version": version,
        "decisions": decisions,
    }


@register.inclusion_tag("moderation/_report_link.html", takes_context=True)
def report_link(context: Context, algorithm: Algorithm, version: Version | None) -> dict[str, Any]:
    """The way to the moderators, for everybody but its owner's people."""
    actor: Actor | None = getattr(context.get("request"), "actor", None)
    may_report = actor is not None and not actor.speaks_for(algorithm.owner_id)
    return {"algorithm": algorithm, "version": version, "may_report": may_report}
