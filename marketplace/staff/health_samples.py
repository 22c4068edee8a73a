"""How the site is: looked at every minute by a task, one row for each component and day.

A minute in which nobody looked counts as nothing, so a day on which background work stood still
shows fewer looks, not a green bar.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import httpx
from celery import shared_task
from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import storages
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from algorithms.models import Build, Call
from marketplace.accounts.models import HealthDay
from runners import host

DAYS: Final = 90
LOOKED_BACK: Final = timedelta(minutes=5)
"""Calls and builds are judged by those of the last minutes."""

FEWEST: Final = 3
MOST_FAULTS: Final = 0.2
LONGEST_QUEUE: Final = timedelta(minutes=10)
HTTP_SECONDS: Final = 5.0
STALE_AFTER: Final = timedelta(minutes=5)

COMPONENTS: Final[Mapping[str, str | Promise]] = {
    "website": _("Website and API"),
    "calls": _("Calls of algorithms"),
    "builds": _("Builds"),
    "data": _("Collections and files"),
    "tasks": _("Background work"),
}


@dataclass(frozen=True)
class Day:
    """One bar: how a component was on one day."""

    day: date
    samples: int = 0
    failures: int = 0

    @property
    def percent(self) -> float | None:
        """How much of what was seen was well; rounded down, so that 100 means all of it."""
        if not self.samples:
            return None
        return (self.samples - self.failures) * 10000 // self.samples / 100

    @property
    def kind(self) -> str:
        if self.percent is None:
            return "none"
        if not self.failures:
            return "well"
        return "partly" if self.percent >= 95 else "badly"


@dataclass(frozen=True)
class Component:
    """A line of the status page."""

    slug: str
    label: str | Promise
    days: list[Day]
    is_well: bool | None  # None: nobody has looked lately
    note: str

    @property
    def percent(self) -> float | None:
        samples = sum(day.samples for day in self.days)
        failures = sum(day.failures for day in self.days)
        return Day(date.min, samples, failures).percent


@shared_task(name="marketplace.staff.health_samples.sample")
def sample() -> dict[str, str]:
    """Look at every component once and write down how it is; give what is not well."""
    checks: dict[str, Callable[[], str]] = {
        "website": _website,
        "calls": _calls,
        "builds": _builds,
        "data": _data,
        "tasks": _tasks,
    }
    found = {slug: _asked(check) for slug, check in checks.items()}
    for slug, problem in found.items():
        _write(slug, problem)
    too_old = timezone.now().date() - timedelta(days=DAYS + 10)
    HealthDay.objects.filter(day__lt=too_old).delete()
    return {slug: problem for slug, problem in found.items() if problem}


def components() -> list[Component]:
    """All of them with a bar for each of the last days, the oldest first."""
    today = timezone.now().date()
    days = [today - timedelta(days=ago) for ago in range(DAYS - 1, -1, -1)]
    rows = {(row.component, row.day): row for row in HealthDay.objects.filter(day__gte=days[0])}
    return [_component(slug, days, rows) for slug in COMPONENTS]


def _component(
    slug: str, days: list[date], rows: Mapping[tuple[str, date], HealthDay]
) -> Component:
    own = [rows.get((slug, day)) for day in days]
    newest = next((row for row in reversed(own) if row is not None), None)
    is_fresh = newest is not None and newest.sampled_at > timezone.now() - STALE_AFTER
    bars = [
        Day(day, row.samples, row.failures) if row is not None else Day(day)
        for day, row in zip(days, own, strict=True)
    ]
    return Component(
        slug=slug,
        label=COMPONENTS[slug],
        days=bars,
        is_well=newest.is_well if newest is not None and is_fresh else None,
        note=newest.note if newest is not None and is_fresh else "",
    )


@transaction.atomic
def _write(slug: str, problem: str) -> None:
    now = timezone.now()
    values = {"is_well": not problem, "note": problem[:200], "sampled_at": now}
    row, _is_new = HealthDay.objects.get_or_create(
        component=slug, day=now.date(), defaults={"sampled_at": now}
    )
    HealthDay.objects.filter(pk=row.pk).update(
        samples=F("samples") + 1, failures=F("failures") + int(bool(problem)), **values
    )


def _asked(check: Callable[[], str]) -> str:
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - whatever it is, the component is not well
        return f"does not answer ({type(error).__name__})"


def _website() -> str:
    """The embedded site is the very process that asks; else ask as a stranger would."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    if settings.IS_EMBEDDED:
        return ""
    answer = httpx.get(f"{settings.PLATFORM_URL}/readyz", timeout=HTTP_SECONDS)
    return "" if answer.status_code == 200 else f"answers with {answer.status_code}"


def _calls() -> str:
    """Somebody can run them, and those of the last minutes did not fail by our fault."""
    if not host.is_anyone_running():
        return "no runner is there"
    lately = Call.objects.filter(started_at__gt=timezone.now() - LOOKED_BACK)
    faults = lately.filter(result=Call.Result.FAULT).count()
    return _too_many(faults, lately.count(), "calls")


def _builds() -> str:
    now = timezone.now()
    waiting = Build.objects.filter(state=Build.State.QUEUED, created_at__lt=now - LONGEST_QUEUE)
    if waiting.exists():
        return "builds wait for more than ten minutes"
    lately = Build.objects.filter(finished_at__gt=now - LOOKED_BACK)
    return _too_many(lately.filter(state=Build.State.FAULT).count(), lately.count(), "builds")


def _too_many(faults: int, total: int, what: str) -> str:
    if faults >= FEWEST and faults > total * MOST_FAULTS:
        return f"{faults} of the last {total} {what} failed by a fault of the site"
    return ""


def _data() -> str:
    storages["default"].exists("0" * 64)
    return ""


def _tasks() -> str:
    """That this runs is the proof for tasks; what they count together must answer as well."""
    cache.set("health:tasks", "here", 60)
    return "" if cache.get("health:tasks") == "here" else "the shared cache forgets"
