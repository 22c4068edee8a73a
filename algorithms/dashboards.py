"""An author's algorithms at a glance: last builds, a week of calls, earnings, what to do next."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Count, OuterRef, Prefetch, Subquery, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from algorithms.models import Algorithm, Build, Call, Version
from billing.models import Usage

DAYS: Final = 7
EARNING_DAYS: Final = 30
ALARMING_PERCENT: Final = 10
_ENOUGH_CALLS: Final = 10
_COUNTED: Final = (Call.Result.SUCCEEDED, Call.Result.FAILED, Call.Result.FAULT)
_FAILED: Final = (Call.Result.FAILED, Call.Result.FAULT)


@dataclass(slots=True)
class Week:
    """The calls of versions that reached a sandbox, day by day, oldest first."""

    days: list[int] = field(default_factory=lambda: [0] * DAYS)
    failed: int = 0

    @property
    def calls(self) -> int:
        return sum(self.days)

    @property
    def success_percent(self) -> int | None:
        """Rounded down, so that 100 means that none failed."""
        return (self.calls - self.failed) * 100 // self.calls if self.calls else None


@dataclass(frozen=True, slots=True)
class Row:
    """One algorithm as its author's dashboard shows it."""

    algorithm: Algorithm
    build: Build | None
    version: Version | None
    week: Week
    earned: int  # micro-units of the site's currency, in the last thirty days

    @property
    def steps(self) -> list[str]:
        """What to do next, the most pressing first; each is a key the page has words for."""
        found = [self._build_step(), self._publish_step(), self._error_step()]
        if self.version is not None:
            found.append("" if self.algorithm.tagline else "tagline")
            found.append("" if self.version.sample_input else "sample")
            found.append("" if self.algorithm.readme else "readme")
        return [step for step in found if step]

    def _build_step(self) -> str:
        if self.build is None:
            return "build"
        if self.build.state == Build.State.FAILED:
            return "mend"
        return "again" if self.build.state == Build.State.FAULT else ""

    def _publish_step(self) -> str:
        built = self.build is not None and self.build.state == Build.State.SUCCEEDED
        if not built or (self.version is not None and self.version.build_id == self.build_id):
            return ""
        return "publish" if self.version is None else "release"

    def _error_step(self) -> str:
        percent = self.week.success_percent
        alarms = percent is not None and 100 - percent > ALARMING_PERCENT
        return "errors" if alarms and self.week.calls >= _ENOUGH_CALLS else ""

    @property
    def build_id(self) -> UUID | None:
        return self.build.pk if self.build is not None else None


@dataclass(frozen=True, slots=True)
class Totals:
    """All rows together."""

    calls: int
    failed: int
    earned: int
    has_prices: bool

    @property
    def success_percent(self) -> int | None:
        return (self.calls - self.failed) * 100 // self.calls if self.calls else None


def of_owners(owner_ids: Iterable[UUID]) -> list[Algorithm]:
    """Their algorithms, the one changed last first, with versions and owner loaded."""
    rows = Algorithm.objects.filter(owner__in=list(owner_ids))
    return list(
        rows.select_related("owner", "environment")
        .prefetch_related(Prefetch("versions", Version.objects.newest_first()))
        .order_by("-updated_at")
    )


def rows_of(algorithms: Iterable[Algorithm], *, now: datetime | None = None) -> list[Row]:
    """Everything the page shows of these algorithms, in four queries however many they are."""
    several = list(algorithms)
    ids = [algorithm.pk for algorithm in several]
    builds = _newest_builds(ids)
    weeks = _weeks(ids, now or timezone.now())
    earned = _earned(ids, now or timezone.now())
    return [
        Row(
            algorithm=one,
            build=builds.get(one.pk),
            version=next(iter(one.versions.all()), None),
            week=weeks[one.pk],
            earned=earned.get(one.pk, 0),
        )
        for one in several
    ]


def totals_of(rows: Iterable[Row]) -> Totals:
    several = list(rows)
    return Totals(
        calls=sum(row.week.calls for row in several),
        failed=sum(row.week.failed for row in several),
        earned=sum(row.earned for row in several),
        has_prices=any(
            row.earned or (row.version and row.version.royalty_microcredits) for row in several
        ),
    )


def _newest_builds(ids: list[UUID]) -> dict[UUID, Build]:
    newest = Build.objects.filter(algorithm=OuterRef("pk")).order_by("-created_at").values("pk")[:1]
    chosen = Algorithm.objects.filter(pk__in=ids).annotate(newest=Subquery(newest))
    builds = Build.objects.filter(pk__in=chosen.values("newest"))
    return {build.algorithm_id: build for build in builds}


def _weeks(ids: list[UUID], now: datetime) -> defaultdict[UUID, Week]:
    today = now.date()
    first = today - timedelta(days=DAYS - 1)
    since = timezone.make_aware(datetime.combine(first, datetime.min.time()))
    counted = (
        Call.objects.filter(
            algorithm__in=ids, version__isnull=False, started_at__gte=since, result__in=_COUNTED
        )
        .annotate(day=TruncDate("started_at"))
        .values_list("algorithm_id", "day", "result")
        .annotate(number=Count("pk"))
        .order_by()
    )
    weeks: defaultdict[UUID, Week] = defaultdict(Week)
    for algorithm_id, day, result, number in counted:
        week = weeks[algorithm_id]
        week.days[_place(day, first)] += number
        week.failed += number if result in _FAILED else 0
    return weeks


def _place(day: date, first: date) -> int:
    return min(max((day - first).days, 0), DAYS - 1)


def _earned(ids: list[UUID], now: datetime) -> Counter[UUID]:
    """What settled calls of the last thirty days have brought their author."""
    since = now - timedelta(days=EARNING_DAYS)
    rows = Usage.objects.filter(algorithm_id__in=ids, at__gte=since, author_share__gt=0)
    sums = rows.values_list("algorithm_id").annotate(sum=Sum("author_share")).order_by()
    return Counter(dict(sums))
