"""Quotes, budgets and the spend stop, described."""

from __future__ import annotations

from typing import Final

from billing.usage_reports import GROUPS
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
    one_of,
    or_null,
)

DAY: Final[Shape] = {"type": "string", "format": "date"}
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
_RECEIPT: Final[Shape] = object_of(
    {
        "receipt": {"type": "object", "description": "What is signed, in canonical JSON"},
        "digest": TEXT,
        "signature": TEXT,
        "key": TEXT,
    }
)
_USED: Final[Shape] = object_of(
    {
        "name": TEXT,
        "value": TEXT,
        "calls": WHOLE,
        "billed_calls": WHOLE,
        "billed_ms": WHOLE,
        "compute": _AMOUNT,
        "royalty": _AMOUNT,
        "total": _AMOUNT,
    }
)
_OF_WHOM: Final = Parameter("owner", "Of this organization instead of you")
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
    "GET /v1/receipts": Operation(
        "List receipts",
        object_of({"receipts": list_of(_RECEIPT), "next": or_null(WHOLE)}),
        query=(
            _OF_WHOM,
            Parameter("after", "The number of the receipt they follow", WHOLE),
            Parameter("limit", "How many at most; 1000", WHOLE),
        ),
        words="Oldest first. `next` is the number to ask with for more.",
    ),
    "GET /v1/receipts/key": Operation(
        "Fetch the keys that receipts are checked with",
        object_of(
            {
                "algorithm": TEXT,
                "current": TEXT,
                "keys": list_of(object_of({"id": TEXT, "public_key": TEXT, "since": MOMENT})),
            }
        ),
        is_for_all=True,
    ),
    "GET /v1/receipts/{receipt_id}": Operation(
        "Fetch the receipt of a call", _RECEIPT, words="By the id of the call."
    ),
    "GET /v1/usage": Operation(
        "Sum up what calls have cost",
        object_of(
            {
                "group_by": TEXT,
                "from": DAY,
                "to": DAY,
                "currency": TEXT,
                "rows": list_of(_USED),
                "total": _USED,
            }
        ),
        query=(
            _OF_WHOM,
            Parameter("group_by", "What makes a row", one_of(*GROUPS)),
            Parameter("from", "The first day, of UTC", DAY),
            Parameter("to", "The last day", DAY),
            Parameter("key", "Calls with this key, by its id"),
            Parameter("algorithm", "Calls of this algorithm, owner/name"),
            Parameter("version", "Calls of this version"),
            Parameter("tag", "Calls with this Usage-Tag"),
            Parameter("format", "csv for a table", one_of("json", "csv")),
        ),
    ),
    "GET /v1/spend-stop": Operation("Ask whether paid calls are stopped", _STOP),
    "POST /v1/spend-stop": Operation(
        "Stop all paid calls", _STOP, status=201, body=object_of({"reason": TEXT})
    ),
    "DELETE /v1/spend-stop": Operation("Let paid calls run again", status=204),
}
