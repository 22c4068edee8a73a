"""Quotes, budgets and the spend stop, described."""

from __future__ import annotations

from typing import Final

from marketplace.api.describing import (
    ID,
    MOMENT,
    NUMBER,
    TEXT,
    WHOLE,
    YES_OR_NO,
    Operation,
    Parameter,
    Shape,
    list_of,
    object_of,
    or_null,
)

_AMOUNT: Final[Shape] = {"type": "string", "description": "A decimal of the site's currency"}
_QUOTE: Final = Operation(
    "Ask what a call would cost",
    object_of(
        {
            "algorithm": TEXT,
            "version": TEXT,
            "currency": TEXT,
            "royalty": _AMOUNT,
            "least": _AMOUNT,
            "reserves": _AMOUNT,
            "duration": object_of({"calls": WHOLE, "p50": or_null(NUMBER), "p95": or_null(NUMBER)}),
            "cost": object_of({"p50": or_null(_AMOUNT), "p95": or_null(_AMOUNT)}),
            "limits": list_of(
                object_of(
                    {"kind": TEXT, "name": TEXT, "left": _AMOUNT, "resets_at": or_null(MOMENT)}
                )
            ),
            "stopped": or_null(TEXT),
            "affordable": YES_OR_NO,
        }
    ),
    body=object_of({"timeout?": {"type": "number", "minimum": 0.1}, "max_cost?": TEXT}),
    may_lack_body=True,
    words="Nothing is run and nothing is charged.",
)
_BUDGET: Final[Shape] = object_of(
    {
        "id": ID,
        "scope": TEXT,
        "subject": TEXT,
        "period": TEXT,
        "amount": _AMOUNT,
        "spent": _AMOUNT,
        "held": _AMOUNT,
        "left": _AMOUNT,
        "resets_at": or_null(MOMENT),
        "currency": TEXT,
    }
)
_STOP: Final[Shape] = object_of({"reason": or_null(TEXT), "since": or_null(MOMENT)})

MONEY: Final = {
    "POST /v1/quote/{owner}/{name}": _QUOTE,
    "POST /v1/quote/{owner}/{name}/{version}": _QUOTE,
    "GET /v1/budgets": Operation(
        "List budgets",
        list_of(_BUDGET),
        query=(Parameter("owner", "Of this organization instead of you"),),
    ),
    "POST /v1/budgets": Operation(
        "Set a budget",
        _BUDGET,
        status=201,
        body=object_of(
            {
                "period": TEXT,
                "amount": TEXT,
                "owner?": TEXT,
                "key?": TEXT,
                "member?": TEXT,
                "algorithm?": TEXT,
            }
        ),
        words="For a key, a member or an algorithm; for everything, if none is named.",
    ),
    "GET /v1/budgets/{budget_id}": Operation("Look at a budget", _BUDGET),
    "PUT /v1/budgets/{budget_id}": Operation(
        "Change a budget", _BUDGET, body=object_of({"amount": TEXT})
    ),
    "DELETE /v1/budgets/{budget_id}": Operation("End a budget", status=204),
    "GET /v1/spend-stop": Operation("Ask whether paid calls are stopped", _STOP),
    "POST /v1/spend-stop": Operation(
        "Stop all paid calls", _STOP, status=201, body=object_of({"reason": TEXT})
    ),
    "DELETE /v1/spend-stop": Operation("Let paid calls run again", status=204),
}
