"""How an algorithm has been doing lately, from the records of its calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.core.cache import cache
from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from algorithms.models import Call
from marketplace.lib import timestamps

SAMPLE: Final = 100
"""The newest calls that are looked at for each algorithm."""

PERIOD: Final = timedelta(days=30)
FRESH_SECONDS: Final = 30
TOLD: Final = Q(version__isnull=False) | Q(result=Call.Result.SUCCEEDED)
"""Calls of versions, and what worked when the author tried a build that is none."""

COUNTED: Final = (Call.Result.SUCCEEDED, Call.Result.FAILED, Call.Result.FAULT)


@dataclass(frozen=True)
class Vitals:
    """Of the last calls that reached a sandbox.

    Calls are those of versions. Until there is one, what its author has tried with success tells
    how fast it is; a try that failed tells callers nothing.
    """

    calls: int = 0
    succeeded: int = 0
    p50_seconds: float | None = None
    last_succeeded_at: datetime | None = None
    last_at: datetime | None = None

    @property
    def success_percent(self) -> int | None:
        """Rounded down, so that 100 means that none failed."""
        return self.succeeded * 100 // self.calls if self.calls else None

    @property
    def typical_time(self) -> str:
        """`9 ms`, or from a second on `1.2 s`, as on the cards."""
        seconds = self.p50_seconds or 0.0
        return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"

    @property
    def last_ago(self) -> str:
        """How long ago the last call was."""
        return timestamps.ago(self.last_at) if self.last_at is not None else ""

    @property
    def ran_well_last(self) -> bool:
        return self.last_at is not None and self.last_at == self.last_succeeded_at


def of(algorithm_ids: Iterable[UUID]) -> dict[UUID, Vitals]:
    """One query for all of them, remembered for half a minute."""
    wanted = {f"vitals:{algorithm_id}": algorithm_id for algorithm_id in algorithm_ids}
    known: dict[str, Vitals] = cache.get_many(wanted)
    missing = [algorithm_id for key, algorithm_id in wanted.items() if key not in known]
    found = measured(missing) if missing else {}
    cache.set_many({f"vitals:{pk}": vitals for pk, vitals in found.items()}, FRESH_SECONDS)
    return {wanted[key]: vitals for key, vitals in known.items()} | found


def measured(algorithm_ids: list[UUID]) -> dict[UUID, Vitals]:
    """The same without remembering."""
    place = Window(RowNumber(), partition_by=F("algorithm_id"), order_by=F("started_at").desc())
    rows = (
        Call.objects.filter(
            TOLD,
            algorithm_id__in=algorithm_ids,
            result__in=COUNTED,
            started_at__gte=timezone.now() - PERIOD,
        )
        .annotate(place=place)
        .filter(place__lte=SAMPLE)
        .order_by("-started_at")
    )
    calls: dict[UUID | None, list[Call]] = defaultdict(list)
    for call in rows.only("algorithm_id", "version_id", "result", "total_us", "started_at"):
        calls[call.algorithm_id].append(call)
    return {algorithm_id: _summed(calls[algorithm_id]) for algorithm_id in algorithm_ids}


def _summed(newest_first: list[Call]) -> Vitals:
    if not newest_first:
        return Vitals()
    of_versions = [call for call in newest_first if call.version_id is not None]
    told = of_versions or newest_first
    good = [call for call in told if call.result == Call.Result.SUCCEEDED]
    times = sorted(call.total_us for call in good)
    return Vitals(
        calls=len(of_versions),
        succeeded=len(good) if of_versions else 0,
        p50_seconds=times[len(times) // 2] / 1e6 if times else None,
        last_succeeded_at=good[0].started_at if good else None,
        last_at=told[0].started_at,
    )
