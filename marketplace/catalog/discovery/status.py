"""The rows behind the numbers of an algorithm: how many calls each day, how they ended, how long."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.utils import timezone

from algorithms.models import Algorithm, Call
from marketplace.catalog import vitals

DAYS: Final = 30
NEWEST: Final = 20


@dataclass
class Day:
    """The calls of one day by how they ended."""

    day: date
    succeeded: int = 0
    failed: int = 0
    faults: int = 0

    @property
    def calls(self) -> int:
        return self.succeeded + self.failed + self.faults

    @property
    def percent(self) -> int | None:
        return self.succeeded * 100 // self.calls if self.calls else None


@dataclass(frozen=True)
class Status:
    """Thirty days, the oldest first, and the newest calls without who made them."""

    days: list[Day]
    newest: list[Call] = field(default_factory=list)

    @property
    def most(self) -> int:
        return max((day.calls for day in self.days), default=0)

    @property
    def calls(self) -> int:
        return sum(day.calls for day in self.days)


def of(algorithm: Algorithm) -> Status:
    today = timezone.now().date()
    days = {day: Day(day) for day in (today - timedelta(days=n) for n in reversed(range(DAYS)))}
    calls = Call.objects.filter(
        vitals.TOLD,
        algorithm=algorithm,
        result__in=vitals.COUNTED,
        started_at__gte=timezone.now() - timedelta(days=DAYS),
    )
    rows = calls.order_by().annotate(day=TruncDate("started_at")).values_list("day", "result")
    names = defaultdict(str, succeeded="succeeded", failed="failed", fault="faults")
    for day, result, number in rows.annotate(number=Count("pk")):
        if day in days:
            setattr(days[day], names[result], number)
    newest = calls.order_by("-started_at").only("started_at", "result", "total_us", "error_type")
    return Status(list(days.values()), list(newest[:NEWEST]))
