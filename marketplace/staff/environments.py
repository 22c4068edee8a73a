"""Which environments new algorithms may choose; those on a retired one go on."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from algorithms.models import Algorithm
from marketplace.accounts import audience, audit, notifications
from marketplace.accounts.actors import Actor
from marketplace.accounts.permissions import may_administer
from runners.models import Environment


@dataclass(frozen=True)
class Line:
    environment: Environment
    algorithms: int
    public: int


def lines() -> list[Line]:
    """All of them, with how many algorithms stand on each."""
    counted = {
        row["environment"]: row
        for row in Algorithm.objects.order_by()
        .values("environment")
        .annotate(all=Count("pk"), public=Count("pk", filter=Q(is_public=True)))
    }
    rows = Environment.objects.order_by("language", "-sort_key", "machine_type")
    nothing = {"all": 0, "public": 0}
    return [
        Line(row, counted.get(row.pk, nothing)["all"], counted.get(row.pk, nothing)["public"])
        for row in rows
    ]


@transaction.atomic
def offer(environment: Environment, *, by: Actor, is_offered: bool, note: str = "") -> Environment:
    """Offer an environment, or retire it and tell those whose algorithms stand on it."""
    by.require(may_administer, f"the environment {environment}")
    environment.is_offered = is_offered
    environment.save(update_fields=["is_offered"])
    offered, retired = (
        gettext_noop("offered an environment"),
        gettext_noop("retired an environment"),
    )
    action = offered if is_offered else retired
    audit.record(by, action, environment, note=note[:500])
    if not is_offered:
        _tell_authors(environment, note)
    return environment


def _tell_authors(environment: Environment, note: str) -> None:
    people: set[int] = set()
    owners = {row.owner for row in environment.algorithms.select_related("owner")}
    for owner in owners:
        people |= audience.user_ids_of(owner, also_members=True)

    def body() -> str:
        advice = _(
            "Your algorithms go on as they are. New ones cannot choose it, so move when you next "
            "change something."
        )
        return f"{note.strip()}\n\n{advice}".strip()

    notifications.tell(
        people,
        kind="announcement",
        title=lambda: _("%(environment)s is retired") % {"environment": environment.display_name},
        body=body,
        url="/dashboard/",
    )
