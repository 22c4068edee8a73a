"""The calls of an algorithm for its people: counted by day, and those that went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from django.db.models import Avg, Count, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from algorithms.models import Algorithm, Call

DAYS: Final = 30
_SUCCEEDED: Final = Q(result=Call.Result.SUCCEEDED)
_NOT_SUCCESSFUL: Final = Count("pk", filter=~_SUCCEEDED)


@dataclass(frozen=True)
class Day:
    day: date
    calls: int
    failed: int = 0
    callers: int = 0
    seconds: float = 0.0
    tries: int = 0
    """Those of builds, by their commit, that are no version's."""


@dataclass(frozen=True)
class Used:
    """The calls of one operation in those days."""

    operation: str
    calls: int
    failed: int
    seconds: float


def failures(algorithm: Algorithm, kind: str = "") -> QuerySet[Call]:
    """Calls that went wrong, the newest first."""
    wrong = (Call.Result.FAILED, Call.Result.FAULT, Call.Result.INTERRUPTED)
    rows = Call.objects.filter(algorithm=algorithm, result__in=wrong).select_related("version")
    return (rows.filter(error_type=kind) if kind else rows).order_by("-started_at")


def failure_kinds(algorithm: Algorithm) -> list[str]:
    kinds = failures(algorithm).order_by().values_list("error_type", flat=True).distinct()
    return sorted(kind for kind in kinds if kind)


def days(algorithm: Algorithm) -> list[Day]:
    """The last thirty days, the quiet ones included, oldest first."""
    today = timezone.now().date()
    first = today - timedelta(days=DAYS - 1)
    rows = Call.objects.filter(algorithm=algorithm, started_at__date__gte=first)
    counted = (
        rows.annotate(day=TruncDate("started_at"))
        .values("day")
        .annotate(
            calls=Count("pk"),
            failed=_NOT_SUCCESSFUL,
            callers=Count("caller", distinct=True),
            mean=Avg("run_us", filter=_SUCCEEDED),
            tries=Count("pk", filter=Q(version__isnull=True)),
        )
    )
    found = {
        row["day"]: Day(
            day=row["day"],
            calls=row["calls"],
            failed=row["failed"],
            callers=row["callers"],
            seconds=(row["mean"] or 0) / 1e6,
            tries=row["tries"],
        )
        for row in counted
    }
    dates = [first + timedelta(days=number) for number in range(DAYS)]
    return [found.get(day) or Day(day, 0) for day in dates]


def operations(algorithm: Algorithm) -> list[Used]:
    """The same days by the operation that was called, the busiest first."""
    first = timezone.now().date() - timedelta(days=DAYS - 1)
    rows = Call.objects.filter(algorithm=algorithm, started_at__date__gte=first)
    counted = (
        rows.exclude(operation="")
        .values("operation")
        .annotate(calls=Count("pk"), failed=_NOT_SUCCESSFUL, mean=Avg("run_us", filter=_SUCCEEDED))
        .order_by("-calls", "operation")
    )
    return [
        Used(row["operation"], row["calls"], row["failed"], (row["mean"] or 0) / 1e6)
        for row in counted
    ]
