"""What an evaluation shows, and what of it keeps a build from being published: in words."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from algorithms.models import Demands, Evaluation
from marketplace.lib.money import format_dollars

STRICT_METRICS = frozenset({Demands.Metric.MAE, Demands.Metric.EVALUATOR})
"""Those for which a row without an answer has no value at all."""


def problems(evaluation: Evaluation) -> Iterator[str]:
    """Each demand that is not met, in a sentence."""
    if evaluation.failed_rows and evaluation.metric in STRICT_METRICS:
        yield ngettext(
            "One row was not answered with a number.",
            "%(count)s rows were not answered with a number.",
            evaluation.failed_rows,
        ) % {"count": evaluation.failed_rows}
    yield from _of_score(evaluation)
    if evaluation.most_ms is not None and evaluation.milliseconds > evaluation.most_ms:
        yield _("It takes %(found)s ms for 95 of 100 rows; %(most)s ms are allowed.") % {
            "found": round(evaluation.milliseconds, 1),
            "most": evaluation.most_ms,
        }
    if evaluation.most_micros is not None and evaluation.micros > evaluation.most_micros:
        yield _("A row costs %(found)s on average; %(most)s are allowed.") % {
            "found": format_dollars(round(evaluation.micros)),
            "most": format_dollars(evaluation.most_micros),
        }


def _of_score(evaluation: Evaluation) -> Iterator[str]:
    if evaluation.bound is not None and evaluation.score is not None and _is_beyond(evaluation):
        sentence = (
            _("Its score is %(score)s; %(bound)s at most is asked for.")
            if evaluation.lower_is_better
            else _("Its score is %(score)s; %(bound)s at least is asked for.")
        )
        yield sentence % {"score": shown(evaluation.score), "bound": shown(evaluation.bound)}
    if evaluation.low is None:
        return
    if evaluation.rule == Demands.Rule.BETTER and evaluation.low <= 0:
        yield _("It is not better than the champion with %(confidence)s percent confidence.") % {
            "confidence": evaluation.confidence
        }
    if evaluation.rule == Demands.Rule.NOT_WORSE and evaluation.low < -evaluation.margin:
        yield _(
            "It may be worse than the champion by %(worse)s; at most %(margin)s is allowed."
        ) % {"worse": shown(-evaluation.low), "margin": shown(evaluation.margin)}


def _is_beyond(evaluation: Evaluation) -> bool:
    if evaluation.score is None or evaluation.bound is None:
        return False
    if evaluation.lower_is_better:
        return evaluation.score > evaluation.bound
    return evaluation.score < evaluation.bound


def report(evaluation: Evaluation) -> list[str]:
    """What was found, a sentence each, whether it has passed or not."""
    found = {
        "metric": evaluation.get_metric_display().partition(":")[0],
        "score": shown(evaluation.score),
        "rows": evaluation.row_count,
    }
    said = [_("%(metric)s: %(score)s over %(rows)s rows.") % found]
    if evaluation.low is not None and evaluation.high is not None:
        compared = {
            "score": shown(evaluation.champion_score),
            "champion": evaluation.champion.number if evaluation.champion else "",
            "difference": signed(evaluation.difference),
            "low": signed(evaluation.low),
            "high": signed(evaluation.high),
            "confidence": evaluation.confidence,
        }
        said.append(
            _(
                "The champion %(champion)s has %(score)s. The difference is %(difference)s, with "
                "%(confidence)s percent confidence between %(low)s and %(high)s; positive is better."
            )
            % compared
        )
    if evaluation.failed_rows and evaluation.metric not in STRICT_METRICS:
        said.append(
            ngettext(
                "One row was not answered and counts as wrong.",
                "%(count)s rows were not answered and count as wrong.",
                evaluation.failed_rows,
            )
            % {"count": evaluation.failed_rows}
        )
    return said


def shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.3g}".replace("-", "−")
