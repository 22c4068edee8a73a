"""The audit log for staff: who did what, by person, act, target and time; as a page or as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

import orjson
from django.db.models import QuerySet
from django.utils import timezone

from marketplace.accounts.actors import Actor
from marketplace.accounts.models import AuditEntry
from marketplace.accounts.permissions import may_administer
from marketplace.lib.spreadsheets import harmless

MOST_IN_A_FILE: Final = 100_000
_COLUMNS: Final = ("at", "who", "key", "action", "target", "details")


@dataclass(frozen=True)
class Filter:
    """What is asked for; empty means all."""

    who: str = ""
    action: str = ""
    target: str = ""
    since: date | None = None
    until: date | None = None


def entries(wanted: Filter, *, by: Actor) -> QuerySet[AuditEntry]:
    by.require(may_administer, "the audit log")
    rows = AuditEntry.objects.select_related("key")
    if wanted.who:
        rows = rows.filter(actor_name__iexact=wanted.who)
    if wanted.action:
        rows = rows.filter(action__icontains=wanted.action)
    if wanted.target:
        rows = rows.filter(target__icontains=wanted.target)
    if wanted.since:
        rows = rows.filter(at__gte=_midnight(wanted.since))
    if wanted.until:
        rows = rows.filter(at__lt=_midnight(wanted.until + timedelta(days=1)))
    return rows.order_by("-at", "-pk")


def as_csv(rows: QuerySet[AuditEntry]) -> Iterator[str]:
    """Lines of a file that spreadsheets open without running anything in it."""
    writer = csv.writer(_Echo())
    yield writer.writerow(_COLUMNS)
    for row in rows[:MOST_IN_A_FILE].iterator(chunk_size=2000):
        key = row.key.label if row.key is not None else ""
        details = orjson.dumps(row.details).decode()
        cells = (row.at.isoformat(), row.actor_name, key, row.action, row.target, details)
        yield writer.writerow([harmless(cell) for cell in cells])


class _Echo:
    """What csv writes to: gives the line back."""

    def write(self, line: str) -> str:
        return line


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
