"""How algorithms have been doing, from the records of their calls, kept with them for lists to sort by.

Every minute the algorithms called since the last look are measured again; every hour all that
have numbers, since days pass for those too that nobody calls.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from celery import shared_task
from django.db.models import Count, Max, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from algorithms.models import Algorithm, Call
from marketplace.catalog import listing, vitals
from marketplace.catalog.models import Star

BATCH: Final = 200
HALF_LIFE: Final = timedelta(days=7)
LOOK_BACK: Final = timedelta(minutes=10)
"""Calls come into the database late: after a crash, when the journal is replayed."""

COLUMNS: Final = (
    *("calls_30d", "callers_30d", "trending", "p50_us", "success_rate", "reliability"),
    "last_success_at",
)
_CONFIDENCE: Final = 1.96  # 95 %


@shared_task
def measure_called() -> int:
    """Measure what has been called lately; give how many algorithms that were."""
    since = timezone.now() - LOOK_BACK
    rows = Call.objects.filter(started_at__gte=since, algorithm__isnull=False).order_by()
    return measure(rows.values_list("algorithm_id", flat=True).distinct())


@shared_task
def measure_all() -> int:
    """Measure whatever has numbers or should have some, and repair what was not told of."""
    listing.refresh_all()
    _count_stars()
    since = timezone.now() - vitals.PERIOD
    called = Call.objects.filter(started_at__gte=since, algorithm__isnull=False).order_by()
    ids = set(called.values_list("algorithm_id", flat=True).distinct())
    numbered = Algorithm.objects.filter(Q(calls_30d__gt=0) | Q(last_success_at__isnull=False))
    return measure(ids.union(numbered.values_list("pk", flat=True)))


def measure(algorithm_ids: Iterable[UUID | None]) -> int:
    """Bring the numbers of these up to date; give how many there were."""
    wanted = [pk for pk in algorithm_ids if pk is not None]
    for start in range(0, len(wanted), BATCH):
        _measure_some(wanted[start : start + BATCH])
    return len(wanted)


def reliability(succeeded: int, calls: int) -> float:
    """The lower end of what the success rate may be (Wilson): three of three proves little."""
    if not calls:
        return 0.0
    rate, square = succeeded / calls, _CONFIDENCE**2
    spread = math.sqrt((rate * (1 - rate) + square / (4 * calls)) / calls)
    return (rate + square / (2 * calls) - _CONFIDENCE * spread) / (1 + square / calls)


def trend(latest_calls: Iterable[datetime], now: datetime) -> float:
    """Callers, each worth one on the day of their latest call and half as much a week later."""
    return sum(math.exp2((at - now) / HALF_LIFE) for at in latest_calls)


def _measure_some(ids: list[UUID]) -> None:
    now = timezone.now()
    calls = Call.objects.filter(
        algorithm__in=ids,
        version__isnull=False,
        result__in=vitals.COUNTED,
        started_at__gte=now - vitals.PERIOD,
    ).order_by()
    numbers = dict(calls.values_list("algorithm").annotate(number=Count("pk")))
    callers: dict[UUID, dict[UUID, datetime]] = defaultdict(dict)
    by_caller = calls.filter(caller__isnull=False).values_list("algorithm", "caller")
    for algorithm_id, caller_id, latest in by_caller.annotate(latest=Max("started_at")):
        callers[algorithm_id][caller_id] = latest
    measured = vitals.measured(ids)
    algorithms = list(Algorithm.objects.filter(pk__in=ids).only("pk", "owner_id", *COLUMNS))
    for algorithm in algorithms:
        others = callers[algorithm.pk]
        others.pop(algorithm.owner_id, None)
        seen = measured[algorithm.pk]
        algorithm.calls_30d = numbers.get(algorithm.pk, 0)
        algorithm.callers_30d = len(others)
        algorithm.trending = trend(others.values(), now)
        algorithm.p50_us = None if seen.p50_seconds is None else round(seen.p50_seconds * 1e6)
        algorithm.success_rate = seen.succeeded / seen.calls if seen.calls else None
        algorithm.reliability = reliability(seen.succeeded, seen.calls)
        algorithm.last_success_at = seen.last_succeeded_at or algorithm.last_success_at
    Algorithm.objects.bulk_update(algorithms, COLUMNS)


def _count_stars() -> None:
    """Where the number of stars and its rows have come apart, the rows are right."""
    rows = Star.objects.filter(algorithm=OuterRef("pk")).order_by().values("algorithm")
    counted = Coalesce(Subquery(rows.annotate(number=Count("pk")).values("number")), 0)
    starred = Algorithm.objects.filter(Q(stars_count__gt=0) | Q(stars__isnull=False))
    Algorithm.objects.filter(pk__in=starred.values("pk")).update(stars_count=counted)
