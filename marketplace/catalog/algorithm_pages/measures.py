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
_NO_FAILURE: Final = (Call.Result.SUCCEEDED, Call.Result.CANCELLED)


@dataclass(frozen=True)
class Day:
    day: date
    calls: int
    failed: int
    callers: int
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
            failed=Count("pk", filter=~Q(result__in=_NO_FAILURE)),
            callers=Count("caller", distinct=True),
            mean=Avg("run_us", filter=Q(result=Call.Result.SUCCEEDED)),
        )
    )
    found = {
        row["day"]: Day(
            row["day"], row["calls"], row["failed"], row["callers"], (row["mean"] or 0) / 1e6
        )
        for row in counted
    }
    dates = [first + timedelta(days=number) for number in range(DAYS)]
    return [found.get(day) or Day(day, 0, 0, 0, 0.0) for day in dates]
