"""A challenger at the gate: scored beside the champion, and let through or refused with a report."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, Final

from django.utils.translation import gettext as _

from algorithms import resolving
from algorithms.gates import rows as gate_rows
from algorithms.gates import scores, scoring, verdict
from algorithms.gates.rows import Row, Rows
from algorithms.gates.scoring import Scored
from algorithms.models import Algorithm, Build, Demands, Evaluation, Gate, Version
from algorithms.permissions import may_publish
from algorithms.resolving import Target
from marketplace.accounts import audit
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import BadInput, Conflict

_DEMANDS: Final = (
    "metric", "rule", "margin", "confidence", "bound", "most_ms", "most_micros",
)  # fmt: skip


Heard = Callable[[int, int], None]


class Refused(Conflict):
    """The gate does not let this build through; the evaluation says why."""

    def __init__(self, evaluation: Evaluation) -> None:
        problems = " ".join(verdict.problems(evaluation))
        report = " ".join(verdict.report(evaluation))
        super().__init__(
            _("The gate has refused this build, so nothing was published. %(problems)s %(report)s")
            % {"problems": problems, "report": report}
        )
        self.evaluation = evaluation


def judged(build: Build, *, by: Actor, heard: Heard | None = None) -> Evaluation | None:
    """Let a build through the gate of its algorithm, if it has one; raise Refused if it fails.

    `heard` is told how many rows have been asked, and of how many.
    """
    by.require(may_publish, build.algorithm)
    gate = Gate.objects.filter(algorithm=build.algorithm).first()
    if gate is None:
        return None
    rows = gate_rows.read(build.algorithm, gate.rows)
    evaluator = _evaluator(gate, by)
    champion = champion_of(build.algorithm) if gate.rule != Demands.Rule.NONE else None
    told = _told(heard, len(rows.rows) * (1 if champion is None else 2))
    ours = _scored(resolving.of_build_row(build), rows, gate, by, evaluator, told)
    theirs = None
    if champion is not None:
        target = resolving.for_caller(resolving.of_version_row(champion), by=by)
        theirs = _scored(target, rows, gate, by, evaluator, told)
    evaluation = _evaluation(gate, rows, ours, theirs)
    evaluation.build, evaluation.champion, evaluation.asked_by_id = build, champion, by.user_id
    evaluation.has_passed = not list(verdict.problems(evaluation))
    evaluation.save()
    if not evaluation.has_passed:
        audit.record(by, "was refused at the gate", build, score=verdict.shown(evaluation.score))
        raise Refused(evaluation)
    return evaluation


def champion_of(algorithm: Algorithm) -> Version | None:
    """The version that a new one would replace: the newest for everyone, else the newest."""
    versions = algorithm.versions.select_related(
        "build__environment", "build__dependencies", "build__algorithm__owner", "algorithm__owner"
    ).newest_first()
    return versions.public().first() or versions.filter(yanked_at__isnull=True).first()


def kept(evaluation: Evaluation | None, version: Version) -> None:
    """Note what a build that was let through has become."""
    if evaluation is not None:
        evaluation.version = version
        evaluation.save(update_fields=["version"])


def _told(heard: Heard | None, total: int) -> Callable[[], None]:
    """Count the rows that were answered, for whoever hears of them."""
    numbers = count(1)

    def answered() -> None:
        if heard is not None:
            heard(next(numbers), total)

    return answered


def _scored(  # noqa: PLR0913, PLR0917 - all that a model is asked with
    target: Target,
    rows: Rows,
    gate: Gate,
    asker: Actor,
    evaluator: Target | None,
    told: Callable[[], None],
) -> Scored:
    return scoring.scored(target, rows.rows, gate, asker=asker, evaluator=evaluator, told=told)


def _evaluator(gate: Gate, asker: Actor) -> Target | None:
    if gate.metric != Demands.Metric.EVALUATOR:
        return None
    owner, name, version = [*gate.evaluator.split("/"), "", "", ""][:3]
    if not owner or not name:
        raise BadInput(_("This gate has no evaluator: name one as owner/name/1.2.3."))
    return resolving.resolve(owner, name, version, by=asker)


def _evaluation(gate: Gate, rows: Rows, ours: Scored, theirs: Scored | None) -> Evaluation:
    """What was measured, as a row that is not stored yet."""
    measure = scoring.measure_of(gate.metric)
    is_strict = gate.metric in verdict.STRICT_METRICS
    answered = _places(rows.rows, ours.failed if is_strict else frozenset())
    made = Evaluation(
        algorithm=gate.algorithm,
        row_count=len(rows.rows),
        rows_sha256=rows.sha256,
        failed_rows=len(ours.failed),
        score=_natural(gate, measure, ours, answered),
        milliseconds=ours.milliseconds,
        micros=ours.micros,
        **{name: getattr(gate, name) for name in _DEMANDS},
    )
    if theirs is None:
        return made
    both = _places(rows.rows, ours.failed | theirs.failed if is_strict else frozenset())
    made.champion_score = _natural(gate, measure, theirs, both)
    if both:
        interval = scores.paired_bootstrap(
            measure,
            [ours.values[place] for place in both],
            [theirs.values[place] for place in both],
            confidence=gate.confidence,
            seed=rows.sha256,
        )
        made.difference, made.low, made.high = interval.difference, interval.low, interval.high
    return made


def _places(rows: tuple[Row, ...], left_out: frozenset[int]) -> list[int]:
    return [place for place in range(len(rows)) if place not in left_out]


def _natural(gate: Gate, measure: Any, scored: Scored, places: list[int]) -> float | None:  # noqa: ANN401 - any measure
    """The score as people write it: an error is positive, though less of it is better."""
    if not places:
        return None
    score = float(measure([scored.values[place] for place in places]))
    return abs(score) if gate.lower_is_better else score
