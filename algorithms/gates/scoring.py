"""Ask a build or a version every row of a gate, in its sandbox, without network."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from django.utils.translation import gettext as _

from algorithms import cases, gateway
from algorithms.gates import scores
from algorithms.gates.rows import Row
from algorithms.gateway import Answer, Ask
from algorithms.models import Demands, Gate
from algorithms.resolving import Target
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import BadInput, Unavailable
from runners.specs import Network

ROW_SECONDS: Final = 60.0
ALL_SECONDS: Final = 900.0
TAG: Final = "gate"


class _Failed:
    """Stands where a row was not answered."""

    def __repr__(self) -> str:
        return "no answer"


FAILED: Final = _Failed()


@dataclass(frozen=True, slots=True)
class Scored:
    """How one model did: a value a row, or a pair of labels for F1."""

    values: tuple[Any, ...]
    failed: frozenset[int]
    """The rows it did not answer, or answered with what cannot be measured."""

    milliseconds: float
    micros: float


def measure_of(metric: str) -> Callable[[Sequence[Any]], float]:
    """What makes one score of all values; more is better."""
    return scores.macro_f1 if metric == Demands.Metric.F1 else scores.mean


def scored(  # noqa: PLR0913 - all that a model is asked with
    target: Target,
    rows: Sequence[Row],
    gate: Gate,
    *,
    asker: Actor,
    evaluator: Target | None,
    told: Callable[[], None],
) -> Scored:
    """Ask every row, one after the other; the calls are the asker's and cost what calls cost.

    `told` is called for each row that has its answer.
    """
    apart = _without_network(target)
    until = time.monotonic() + ALL_SECONDS
    values: list[Any] = []
    failed: set[int] = set()
    times, costs = [], []
    for place, row in enumerate(rows):
        answer = _asked(apart, row.input, asker, until)
        times.append(answer.outcome.timings.run / 1000)
        costs.append(answer.cost.total if answer.cost is not None else 0)
        found = _found(answer, gate.answer_at)
        value = None
        if found is not FAILED and evaluator is not None:
            value = _evaluated(_without_network(evaluator), row, found, asker, until)
        elif found is not FAILED:
            value = _value(gate.metric, row.expected, found)
        if value is None:
            failed.add(place)
        values.append(_missed(gate.metric, row.expected) if value is None else value)
        told()
    return Scored(
        values=tuple(values),
        failed=frozenset(failed),
        milliseconds=scores.percentile(times, 95),
        micros=scores.mean(costs),
    )


def _without_network(target: Target) -> Target:
    spec = replace(target.spec, network=Network.ISOLATED)
    return replace(target, spec=spec, may_call_others=False, keeps_insights=False)


def _asked(target: Target, given: object, asker: Actor, until: float) -> Answer:
    if time.monotonic() > until:
        raise BadInput(
            _(
                "The gate has given up: its rows took more than %(seconds)s seconds. Take fewer "
                "rows, or make the model faster. Nothing was published."
            )
            % {"seconds": int(ALL_SECONDS)}
        )
    ask = Ask(*cases.as_sent(given), timeout=ROW_SECONDS, tag=TAG)
    answer = gateway.call_now(target, by=asker, ask=ask)
    failure = answer.outcome.failure
    if failure is not None and failure.is_platform_fault:
        raise Unavailable(
            _("The gate could not be tried: %(message)s") % {"message": failure.message}
        )
    return answer


def _found(answer: Answer, place: str) -> Any:  # noqa: ANN401 - any JSON
    """The part of a result that counts as the answer."""
    if answer.outcome.failure is not None:
        return FAILED
    found = cases.result_of(answer.outcome)
    for step in filter(None, place.split(".")):
        if isinstance(found, dict) and step in found:
            found = found[step]
        elif (
            isinstance(found, list) and step.isascii() and step.isdigit() and int(step) < len(found)
        ):
            found = found[int(step)]
        else:
            return FAILED
    return found


def _value(metric: str, expected: Any, found: Any) -> Any:  # noqa: ANN401 - any JSON
    """What the row counts, more is better; None if it cannot be measured."""
    if metric == Demands.Metric.F1:
        return label_of(expected), label_of(found)
    if metric == Demands.Metric.ACCURACY:
        return float(label_of(expected) == label_of(found))
    if _is_number(found) and _is_number(expected):
        return -abs(float(found) - float(expected))
    return None


def _missed(metric: str, expected: Any) -> Any:  # noqa: ANN401 - any JSON
    """What a row counts that was not answered, where a wrong answer is an answer."""
    return (label_of(expected), repr(FAILED)) if metric == Demands.Metric.F1 else 0.0


def label_of(value: Any) -> str | float:  # noqa: ANN401 - any JSON
    """Something equal for equal answers: 0 and 0.0 are the same, 1 and true are not."""
    if _is_number(value):
        return float(value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _evaluated(
    evaluator: Target, row: Row, found: object, asker: Actor, until: float
) -> float | None:
    question = {"input": row.input, "expected": row.expected, "output": found}
    answer = _asked(evaluator, question, asker, until)
    failure = answer.outcome.failure
    if failure is not None:
        raise BadInput(
            _("The evaluator %(evaluator)s failed, so nothing was published: %(message)s")
            % {"evaluator": evaluator, "message": failure.message}
        )
    value = cases.result_of(answer.outcome)
    if not _is_number(value):
        raise BadInput(
            _("The evaluator %(evaluator)s must answer with a number. Nothing was published.")
            % {"evaluator": evaluator}
        )
    return float(value)
