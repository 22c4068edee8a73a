"""/api/algorithms/…/gate and …/evaluations: what a version must reach, and how builds did."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from rest_framework.response import Response

from algorithms.api.finding import OneView
from algorithms.gates import setting, verdict
from algorithms.gates.setting import Wanted
from algorithms.models import Evaluation, Gate
from algorithms.permissions import may_see_builds
from marketplace.api import paging
from marketplace.api.rest import APIRequest, json_object
from marketplace.lib.errors import BadInput, NotFound

_FIELDS: Final[Mapping[str, tuple[type, ...]]] = {
    "rows": (str,),
    "metric": (str,),
    "answer_at": (str,),
    "evaluator": (str,),
    "rule": (str,),
    "margin": (int, float),
    "confidence": (int,),
    "bound": (int, float, type(None)),
    "most_ms": (int, type(None)),
    "most_micros": (int, type(None)),
    "publishes_pushes": (bool,),
}


class GateView(OneView):
    def get(self, request: APIRequest, **_: object) -> Response:
        gate = setting.of(self.algorithm, by=request.actor)
        if gate is None:
            raise NotFound(f"{self.algorithm} has no gate.")
        return Response(gate_json(gate))

    def put(self, request: APIRequest, **_: object) -> Response:
        """Set the gate as a whole; what is left out gets its usual value."""
        wanted = _wanted(json_object(request, required=["rows"]))
        return Response(gate_json(setting.put(self.algorithm, wanted, by=request.actor)))

    def delete(self, request: APIRequest, **_: object) -> Response:
        setting.remove(self.algorithm, by=request.actor)
        return Response(status=204)


class EvaluationsView(OneView):
    def get(self, request: APIRequest, **_: object) -> Response:
        """How builds did at the gate, the newest first, with those that were refused."""
        request.actor.require(may_see_builds, self.algorithm)
        rows = self.algorithm.evaluations.select_related("version", "champion", "build")
        return Response(paging.answer(request, rows, evaluation_json, order=("-created_at", "-pk")))


def gate_json(gate: Gate) -> dict[str, object]:
    return {name: getattr(gate, name) for name in _FIELDS}


def evaluation_json(evaluation: Evaluation) -> dict[str, object]:
    version, champion = evaluation.version, evaluation.champion
    return {
        "id": evaluation.pk,
        "commit": evaluation.build.commit,
        "version": str(version.number) if version else None,
        "has_passed": evaluation.has_passed,
        "problems": list(verdict.problems(evaluation)),
        "metric": evaluation.metric,
        "score": evaluation.score,
        "champion": str(champion.number) if champion else None,
        "champion_score": evaluation.champion_score,
        "difference": evaluation.difference,
        "low": evaluation.low,
        "high": evaluation.high,
        "confidence": evaluation.confidence,
        "rows": evaluation.row_count,
        "failed_rows": evaluation.failed_rows,
        "milliseconds": evaluation.milliseconds,
        "micros": evaluation.micros,
        "created_at": evaluation.created_at,
    }


def _wanted(given: Mapping[str, Any]) -> Wanted:
    for name, value in given.items():
        kinds = _FIELDS.get(name)
        if kinds is None:
            raise BadInput(f"A gate has no {name[:40]!r}; it has {', '.join(_FIELDS)}.")
        is_right = isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))
        if not is_right or (isinstance(value, float) and not math.isfinite(value)):
            raise BadInput(f"{name} of a gate cannot be {str(value)[:40]!r}.")
        if isinstance(value, str) and "\0" in value:
            raise BadInput(f"{name} of a gate holds a character that cannot be kept.")
    return Wanted(**given)
