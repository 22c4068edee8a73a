"""The gate of an algorithm, described: what a version must reach, and how builds did."""

from __future__ import annotations

from typing import Final

from marketplace.api.describing import (
    COMMIT,
    ID,
    MOMENT,
    NUMBER,
    PAGING,
    TEXT,
    WHOLE,
    YES_OR_NO,
    Operation,
    Shape,
    list_of,
    object_of,
    one_of,
    or_null,
    paged,
)

_ONE: Final = "/api/algorithms/{owner}/{name}"
_METRIC: Final = one_of("accuracy", "f1", "mae", "evaluator")
_RULE: Final = one_of("better", "not_worse", "none")
_GATE: Final[Shape] = object_of(
    {
        "rows": TEXT,
        "metric": _METRIC,
        "answer_at": TEXT,
        "evaluator": TEXT,
        "rule": _RULE,
        "margin": NUMBER,
        "confidence": WHOLE,
        "bound": or_null(NUMBER),
        "most_ms": or_null(WHOLE),
        "most_micros": or_null(WHOLE),
        "publishes_pushes": YES_OR_NO,
    }
)
_EVALUATION: Final[Shape] = object_of(
    {
        "id": ID,
        "commit": COMMIT,
        "version": or_null(TEXT),
        "has_passed": YES_OR_NO,
        "problems": list_of(TEXT),
        "metric": _METRIC,
        "score": or_null(NUMBER),
        "champion": or_null(TEXT),
        "champion_score": or_null(NUMBER),
        "difference": or_null(NUMBER),
        "low": or_null(NUMBER),
        "high": or_null(NUMBER),
        "confidence": WHOLE,
        "rows": WHOLE,
        "failed_rows": WHOLE,
        "milliseconds": NUMBER,
        "micros": NUMBER,
        "created_at": MOMENT,
    }
)
GATES: Final = {
    f"GET {_ONE}/gate": Operation("Look at the gate", _GATE),
    f"PUT {_ONE}/gate": Operation(
        "Set the gate",
        _GATE,
        body=object_of(
            {
                "rows": TEXT,
                "metric?": _METRIC,
                "answer_at?": TEXT,
                "evaluator?": TEXT,
                "rule?": _RULE,
                "margin?": NUMBER,
                "confidence?": WHOLE,
                "bound?": or_null(NUMBER),
                "most_ms?": or_null(WHOLE),
                "most_micros?": or_null(WHOLE),
                "publishes_pushes?": YES_OR_NO,
            }
        ),
        words="As a whole: what is left out gets its usual value. The rows lie in a sealed "
        "collection of the algorithm's owner.",
    ),
    f"DELETE {_ONE}/gate": Operation("Remove the gate", status=204),
    f"GET {_ONE}/evaluations": Operation(
        "List how builds did at the gate, newest first", paged(_EVALUATION), query=PAGING
    ),
}
