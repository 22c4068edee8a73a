"""What becomes of an environment: offered, deprecated, retired, removed; and what its authors hear.

Nothing that has been built stops running: only new algorithms, and then new builds, are refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Count, ProtectedError, Q, Sum
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from algorithms.models import Algorithm, Build
from marketplace.accounts import audience, audit, notifications
from marketplace.accounts.actors import Actor
from marketplace.accounts.permissions import may_administer
from marketplace.lib.errors import BadInput, Conflict, Unavailable
from runners import declared, environments_sync, host, machines
from runners.models import Environment

_MOST_NAMED: Final = 5
_DONE: Final = {
    Environment.State.OFFERED: gettext_noop("offered an environment"),
    Environment.State.DEPRECATED: gettext_noop("deprecated an environment"),
    Environment.State.RETIRED: gettext_noop("retired an environment"),
}


@dataclass(frozen=True)
class Use:
    """Who stands on an environment."""

    environment: Environment
    algorithms: int = 0
    public: int = 0
    versions: int = 0
    calls: int = 0  # of its algorithms in the last thirty days

    @property
    def is_unused(self) -> bool:
        return not self.algorithms and not self.versions


@dataclass(frozen=True)
class Announced:
    """What an author should know of an environment, and which of their algorithms it concerns."""

    environment: Environment
    algorithms: tuple[Algorithm, ...] = field(default=())

    @property
    def named(self) -> tuple[Algorithm, ...]:
        return self.algorithms[:_MOST_NAMED]

    @property
    def others(self) -> int:
        return max(0, len(self.algorithms) - _MOST_NAMED)


def uses() -> list[Use]:
    """Every environment, with how much stands on it."""
    counted = {
        row["environment"]: row
        for row in Algorithm.objects.order_by()
        .values("environment")
        .annotate(
            all=Count("pk"),
            public=Count("pk", filter=Q(is_public=True)),
            recent=Sum("calls_30d"),
        )
    }
    built = Build.objects.order_by().values("environment")
    versions = dict(built.annotate(number=Count("version")).values_list("environment", "number"))
    nothing = {"all": 0, "public": 0, "recent": 0}
    return [
        Use(
            row,
            counted.get(row.pk, nothing)["all"],
            counted.get(row.pk, nothing)["public"],
            versions.get(row.pk, 0),
            counted.get(row.pk, nothing)["recent"],
        )
        for row in Environment.objects.select_related("successor").order_by(
            "language", "-sort_key", "machine_type", "slug"
        )
    ]


def use_of(environment: Environment) -> Use:
    return next(use for use in uses() if use.environment.pk == environment.pk)


@transaction.atomic
def add(said: Mapping[str, Any], *, by: Actor) -> Environment:
    """Write down an environment as staff describe it; machines that can have it find it by themselves."""
    by.require(may_administer, "environments")
    wanted = declared.checked(said)
    if Environment.objects.filter(slug=wanted.slug).exists():
        raise Conflict(_("There is an environment %(slug)s already.") % {"slug": wanted.slug})
    facts = {
        "version": wanted.version,
        "sort_key": environments_sync.sort_key(wanted.version),
        "origin": Environment.Origin.ADDED,
        "is_present": False,
        "has_own_words": True,
    }
    row = environments_sync.write(
        wanted.slug,
        words=wanted.words,
        facts={**wanted.facts, **facts},
        specification=wanted.specification,
    )
    audit.record(by, gettext_noop("added an environment"), row)
    return row


@transaction.atomic
def set_memory(environment: Environment, *, by: Actor, memory_mb: int | None) -> Environment:
    """Let its sandboxes have this much from now on; None: as much as all others."""
    by.require(may_administer, f"the environment {environment}")
    environment.memory_mb = memory_mb
    environment.save(update_fields=["memory_mb"])
    said = "as everywhere" if memory_mb is None else f"{memory_mb} MB"
    audit.record(by, gettext_noop("set the memory of an environment"), environment, memory=said)
    return environment


@transaction.atomic
def move(
    environment: Environment,
    *,
    by: Actor,
    state: str,
    note: str = "",
    successor: Environment | None = None,
) -> Environment:
    """Offer, deprecate or retire it, and tell those whose algorithms stand on it."""
    by.require(may_administer, f"the environment {environment}")
    wanted = Environment.State(state)
    _check_successor(environment, successor)
    is_new = environment.state != wanted
    environment.state = wanted
    if wanted == Environment.State.OFFERED:
        environment.notice, environment.notice_on, environment.successor = "", None, None
    else:
        environment.notice = note.strip()[:500] or environment.notice
        environment.successor = successor or environment.successor
    environment.save(update_fields=["state", "notice", "notice_on", "successor"])
    audit.record(by, _DONE[wanted], environment, note=note[:500])
    if is_new and wanted != Environment.State.OFFERED:
        _tell_authors(environment)
    return environment


@transaction.atomic
def announce(
    environment: Environment,
    *,
    by: Actor,
    notice: str,
    on: date | None = None,
    successor: Environment | None = None,
) -> Environment:
    """Say what will become of it, when, and what to choose instead; its authors hear it once."""
    by.require(may_administer, f"the environment {environment}")
    words = " ".join(notice.split())[:500]
    if not words:
        raise BadInput(_("Say in a sentence why; authors read it."))
    _check_successor(environment, successor)
    before = (environment.notice, environment.notice_on, environment.successor_id)
    environment.notice, environment.notice_on, environment.successor = words, on, successor
    after = (words, on, environment.successor_id)
    environment.save(update_fields=["notice", "notice_on", "successor"])
    if after != before:
        audit.record(
            by, gettext_noop("announced a change of an environment"), environment, note=words
        )
        _tell_authors(environment)
    return environment


@transaction.atomic
def describe(
    environment: Environment, *, by: Actor, display_name: str, description: str
) -> Environment:
    """Name it in one's own words, which no machine overwrites."""
    by.require(may_administer, f"the environment {environment}")
    name = " ".join(display_name.split())
    if not name:
        raise BadInput(_("An environment needs a name."))
    environment.display_name, environment.description = name[:100], description.strip()[:300]
    environment.has_own_words = True
    environment.save(update_fields=["display_name", "description", "has_own_words"])
    audit.record(by, gettext_noop("renamed an environment"), environment, name=name[:100])
    return environment


@transaction.atomic
def remove(environment: Environment, *, by: Actor) -> None:
    """Delete it, if nothing stands on it; one that a machine still has comes back by itself."""
    by.require(may_administer, f"the environment {environment}")
    use = use_of(environment)
    if not use.is_unused:
        raise Conflict(
            _(
                "%(environment)s is in use: %(algorithms)d algorithms and %(versions)d published "
                "versions stand on it. Retire it instead."
            )
            % {
                "environment": environment.display_name,
                "algorithms": use.algorithms,
                "versions": use.versions,
            }
        )
    if environment.is_present and environment.origin != Environment.Origin.ADDED:
        raise Conflict(
            _(
                "A machine has %(environment)s and would offer it again. Take it away there and "
                "run manage.py sync_environments, or retire it here."
            )
            % {"environment": environment.display_name}
        )
    audit.record(by, gettext_noop("deleted an environment"), environment)
    try:
        environment.dependency_sets.filter(builds=None).delete()
        environment.delete()
    except ProtectedError:
        raise Conflict(
            _("Builds of other algorithms were made with %(environment)s. Retire it instead.")
            % {"environment": environment.display_name}
        ) from None


def require_buildable(environment: Environment) -> None:
    """Refuse what is retired, and what would wait for a machine that nobody has."""
    if environment.state == Environment.State.RETIRED:
        raise Conflict(" ".join((_retired(environment), _advice(environment))))
    if not environment.is_present:
        raise Unavailable(
            _("No runner here has %(display_name)s at the moment.")
            % {"display_name": environment.display_name}
        )
    if environment.machine != machines.CPU and not host.has_runner_for(environment.machine):
        raise Unavailable(machines.missing(environment.machine))


def announced_to(owner_ids: Iterable[UUID]) -> list[Announced]:
    """What the authors of these accounts should know of the environments they stand on."""
    found: dict[UUID, list[Algorithm]] = {}
    environments: dict[UUID, Environment] = {}
    rows = Algorithm.objects.filter(_has_news(), owner__in=list(owner_ids))
    for row in rows.select_related("owner", "environment__successor").order_by("name"):
        environments[row.environment_id] = row.environment
        found.setdefault(row.environment_id, []).append(row)
    return [Announced(environments[key], tuple(mine)) for key, mine in found.items()]


def announced_for(algorithm: Algorithm) -> list[Announced]:
    """The same for one algorithm, whose name needs not be said."""
    environment = algorithm.environment
    has_news = bool(environment.notice) or not environment.is_offered
    return [Announced(environment)] if has_news else []


def _has_news() -> Q:
    return ~Q(environment__state=Environment.State.OFFERED) | ~Q(environment__notice="")


def _check_successor(environment: Environment, successor: Environment | None) -> None:
    if successor is None:
        return
    if successor.pk == environment.pk or successor.language != environment.language:
        raise BadInput(_("What to choose instead is another environment of the same language."))
    if not successor.is_offered:
        raise BadInput(
            _("%(environment)s is not offered itself.") % {"environment": successor.display_name}
        )


def _retired(environment: Environment) -> str:
    return _(
        "%(environment)s is retired: nothing new is built on it. What was built goes on running."
    ) % {"environment": environment.display_name}


def _advice(environment: Environment) -> str:
    if environment.successor is not None:
        return _("Choose %(successor)s in the algorithm's settings instead.") % {
            "successor": environment.successor.display_name
        }
    return _("Choose another environment in the algorithm's settings.")


def _tell_authors(environment: Environment) -> None:
    people: set[int] = set()
    owners = {row.owner for row in environment.algorithms.select_related("owner")}
    for owner in owners:
        people |= audience.user_ids_of(owner, also_members=True)
    notifications.tell(
        people,
        kind="announcement",
        title=lambda: _title(environment),
        body=lambda: "\n\n".join(part for part in (environment.notice, _body(environment)) if part),
        url="/dashboard/",
    )


def _title(environment: Environment) -> str:
    name = {"environment": environment.display_name}
    if environment.state == Environment.State.RETIRED:
        return _("%(environment)s is retired") % name
    if environment.state == Environment.State.DEPRECATED:
        return _("%(environment)s is not for new algorithms any more") % name
    if environment.notice_on is not None:
        day = date_format(environment.notice_on, "DATE_FORMAT")
        return _("%(environment)s will change on %(day)s") % {**name, "day": day}
    return _("%(environment)s will change") % name


def _body(environment: Environment) -> str:
    if environment.state == Environment.State.RETIRED:
        return " ".join((_retired(environment), _advice(environment)))
    stays = _("Your algorithms go on as they are; move when you next change something.")
    return " ".join((stays, _advice(environment)))
