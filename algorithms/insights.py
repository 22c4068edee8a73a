"""What running code reports about calls, where its version says so: kept for its author, for a while.

One row for each call, however often the call reports: later values replace earlier ones of the
same name. The newest rows of an algorithm are kept, up to a number and for a time.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import islice
from typing import Final

import orjson
from celery import shared_task
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from algorithms.models import Algorithm, Call, Insight
from algorithms.permissions import may_edit, may_report_insights
from marketplace.accounts.actors import Actor
from marketplace.lib import timestamps
from marketplace.lib.errors import BadInput, NotAllowed, NotFound, TooLarge
from marketplace.lib.spreadsheets import harmless

MOST_VALUES: Final = 25
MOST_BYTES: Final = 25 * 1024
MOST_KEPT: Final = 10_000
KEPT_FOR: Final = timedelta(days=30)
MOST_IN_A_FILE: Final = 10_000
MOST_COLUMNS: Final = 100
FURTHER: Final = "further"
_MOST_COUNTED: Final = 10_000
_AT_ONCE: Final = 500
RESERVED: Final = (
    "request_id",
    "timestamp",
    "duration_milliseconds",
    "algorithm_owner",
    "algorithm_name",
    "algorithm_version",
)
"""Names that the platform adds itself."""

_NAME: Final = re.compile(r"[^\x00-\x1f\x7f]{1,100}\Z")


def report(values: Mapping[str, object], *, by: Actor) -> Insight:
    """Keep what the call in progress says of itself."""
    running = by.running
    if running is None:
        raise BadInput(_("Insights are reported by an algorithm while it runs."))
    if not may_report_insights(by, running):
        raise NotAllowed(
            _(
                "This version of %(algorithm)s keeps no insights: its callers were not told of any. "
                "Its owner can switch them on in the settings and publish a new version."
            )
            % {"algorithm": running.algorithm_path}
        )
    _check(values)
    with transaction.atomic():
        if not Algorithm.objects.filter(pk=running.algorithm_id).exists():
            raise NotFound(_("This algorithm is gone."))
        known, is_new = Insight.objects.select_for_update().get_or_create(
            call_id=running.call_id,
            defaults={
                "algorithm_id": running.algorithm_id,
                "version": running.insights_of,
                "values": dict(values),
            },
        )
        if not is_new:
            merged = {**known.values, **values}
            _check(merged)
            known.values = merged
            known.save(update_fields=["values"])
    return known


def of(algorithm: Algorithm, *, by: Actor) -> QuerySet[Insight]:
    """What was kept, for the algorithm's people; newest first."""
    by.require(may_edit, algorithm)
    return algorithm.insights.order_by("-created_at", "-call_id")


def with_their_calls(rows: Iterable[Insight], algorithm: Algorithm) -> Iterator[dict[str, object]]:
    """Each row as one flat object: what the platform knows of the call, and what was reported."""
    found = list(rows)
    calls = Call.objects.filter(pk__in=[row.call_id for row in found])
    took = dict(calls.values_list("pk", "run_us"))
    for row in found:
        run_us = took.get(row.call_id)
        yield {
            "request_id": f"req-{row.call_id}",
            "timestamp": timestamps.to_wire(row.created_at),
            "duration_milliseconds": None if run_us is None else run_us / 1000,
            "algorithm_owner": algorithm.owner.name,
            "algorithm_name": algorithm.name,
            "algorithm_version": row.version,
            **row.values,
        }


def as_csv(algorithm: Algorithm, *, by: Actor) -> Iterator[str]:
    """The newest rows as the lines of a table, with a column for each of the usual names.

    What else was reported stands as JSON in the last column.
    """
    by.require(may_edit, algorithm)
    newest = of(algorithm, by=by)[:MOST_IN_A_FILE]
    usual = _usual_names(newest)
    return _lines(newest, usual, algorithm)


def _usual_names(newest: QuerySet[Insight]) -> list[str]:
    reported: Counter[str] = Counter()
    for values in newest.values_list("values", flat=True).iterator(chunk_size=_AT_ONCE):
        reported.update(values.keys())
        if len(reported) > _MOST_COUNTED:
            reported = Counter(dict(reported.most_common(MOST_COLUMNS)))
    return sorted(name for name, _number in reported.most_common(MOST_COLUMNS))


def _lines(newest: QuerySet[Insight], usual: list[str], algorithm: Algorithm) -> Iterator[str]:
    names = (*RESERVED, *usual)
    yield _line([*map(_cell, names), FURTHER])
    kept = newest.iterator(chunk_size=_AT_ONCE)
    while rows := list(islice(kept, _AT_ONCE)):
        for row in with_their_calls(rows, algorithm):
            rest = {name: value for name, value in row.items() if name not in names}
            yield _line([*(_cell(row.get(name)) for name in names), _cell(rest or None)])


def _line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()


@shared_task(name="algorithms.insights.tidy_up")
def tidy_up() -> int:
    """Remove what is too old, and of each algorithm what is more than it may keep."""
    removed = Insight.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()[0]
    for algorithm_id in Insight.objects.values_list("algorithm_id", flat=True).distinct():
        newest = Insight.objects.filter(algorithm_id=algorithm_id).order_by("-created_at")
        first_too_many = newest[MOST_KEPT : MOST_KEPT + 1].first()
        if first_too_many is not None:
            beyond = newest.filter(created_at__lte=first_too_many.created_at)
            removed += beyond.delete()[0]
    return removed


def _check(values: Mapping[str, object]) -> None:
    if len(values) > MOST_VALUES:
        raise TooLarge(_("A call reports %(most)s values at most.") % {"most": MOST_VALUES})
    for name in values:
        if not _NAME.match(name):
            raise BadInput(_("The name of an insight is a text of 1 to 100 printable characters."))
        if name in RESERVED:
            raise BadInput(
                _("%(name)s is added by the platform; choose another name.") % {"name": name}
            )
    packed = orjson.dumps(values)
    if b"\\u0000" in packed:
        raise BadInput(_("Insights hold no NUL characters."))
    if len(packed) > MOST_BYTES:
        raise TooLarge(
            _("What a call reports may have %(most)s KB at most.") % {"most": MOST_BYTES // 1024}
        )


def _cell(value: object) -> str:
    """A value as a table program may read it: never as a formula."""
    if value is None:
        return ""
    return harmless(value) if isinstance(value, str) else orjson.dumps(value).decode()
