"""Who called what how often and for how long, for those who administer the site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from django.db.models import Count, Q, Sum

from algorithms import gateway
from algorithms.models import Call
from marketplace.accounts.actors import Actor
from marketplace.accounts.permissions import may_administer
from marketplace.lib.errors import BadInput

BAD_MARKER: Final = 5002
_ENDED: Final = (Call.Result.SUCCEEDED, Call.Result.FAILED)
_VERSION: Final = ("version__major", "version__minor", "version__revision")


class Grouping(Enum):
    """What one row of a report tells about."""

    BOTH = ("algorithm__owner__name", "algorithm__name", *_VERSION, "caller__name")
    ALGORITHMS = ("algorithm__owner__name", "algorithm__name")
    USERS = ("caller__name",)


@dataclass(frozen=True)
class Period:
    """From a moment on, up to another that is not part of it."""

    since: datetime
    until: datetime


@dataclass(frozen=True)
class Report:
    rows: list[dict[str, object]]
    marker: str | None
    """Give it back to get the rows that follow; None after the last."""


def report(
    period: Period,
    *,
    by: Actor,
    grouping: Grouping = Grouping.BOTH,
    callers: Sequence[str] = (),
    piece: tuple[int, str],
) -> Report:
    """Calls that reached a sandbox and began in the period, of these callers or all.

    `piece` is how many rows are wanted, and the marker of the report they follow.
    """
    limit, marker = piece
    by.require(may_administer, "usage reports")
    if period.until <= period.since:
        raise BadInput("end_date must be after start_date.")
    start = _start(marker)
    gateway.flush_journal()
    fields = grouping.value
    begun = {"started_at__gte": period.since, "started_at__lt": period.until}
    calls = Call.objects.filter(**begun, result__in=_ENDED)
    if callers:
        calls = calls.filter(caller__name__in=[name.replace("\0", "") for name in callers])
    failed = Q(result=Call.Result.FAILED)
    rows = (
        calls.order_by(*fields)
        .values(*fields)
        .annotate(
            calls=Count("pk"),
            errors=Count("pk", filter=failed),
            error_us=Sum("run_us", filter=failed),
            total_us=Sum("run_us"),
        )
    )
    taken = list(rows[start : start + limit + 1])
    more = len(taken) > limit
    return Report([_row(row) for row in taken[:limit]], str(start + limit) if more else None)


def _start(marker: str) -> int:
    if not marker:
        return 0
    if not (marker.isascii() and marker.isdigit() and len(marker) < 10):
        raise BadInput("This marker is not one that a report has given out.", wire_code=BAD_MARKER)
    return int(marker)


def _row(found: Mapping[str, Any]) -> dict[str, object]:
    """Names as the predecessor's; durations in seconds."""
    shown: dict[str, object] = {
        "total_calls": found["calls"],
        "total_errors": found["errors"],
        "total_error_duration": (found["error_us"] or 0) / 1e6,
        "total_duration": (found["total_us"] or 0) / 1e6,
    }
    if "caller__name" in found:
        shown["caller"] = found["caller__name"] or ""
    if "algorithm__name" in found:
        shown["algorithm_called"] = found["algorithm__name"] or ""
        shown["algorithm_owner"] = found["algorithm__owner__name"] or ""
    if "version__major" in found:
        numbers = [found[name] for name in _VERSION]
        shown["algorithm_version"] = "" if None in numbers else ".".join(map(str, numbers))
    return shown
