"""How versions did at the gate, for a chart and the table that says the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from algorithms.gates import verdict
from algorithms.models import Evaluation, Version


@dataclass(frozen=True)
class Point:
    number: str
    score: str
    rows: int
    champion: str
    difference: str
    milliseconds: float


@dataclass(frozen=True)
class Scores:
    """Those of one metric, the newest first as the versions are."""

    metric: str
    points: list[Point]
    series: str
    """For the chart, the oldest first."""


def charted(newest_first: Sequence[Version]) -> Scores | None:
    """The scores of these versions by the metric of the newest; None where none was measured."""
    places = {version.pk: place for place, version in enumerate(newest_first)}
    rows = Evaluation.objects.filter(version__in=places, score__isnull=False)
    found = sorted(
        rows.select_related("version", "champion"), key=lambda one: places[_version(one).pk]
    )
    found = [one for one in found if one.metric == found[0].metric]
    if not found:
        return None
    series = [{"version": str(_version(one).number), "score": one.score} for one in reversed(found)]
    metric = found[0].get_metric_display().partition(":")[0]
    return Scores(metric, [_point(one) for one in found], json.dumps(series))


def _point(one: Evaluation) -> Point:
    return Point(
        number=str(_version(one).number),
        score=verdict.shown(one.score),
        rows=one.row_count,
        champion=str(one.champion.number) if one.champion else "",
        difference=verdict.signed(one.difference),
        milliseconds=one.milliseconds,
    )


def _version(evaluation: Evaluation) -> Version:
    assert evaluation.version is not None  # noqa: S101 - the query says so
    return evaluation.version
