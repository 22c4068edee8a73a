"""Reservations, described: sandboxes kept warm for whoever pays for them."""

from __future__ import annotations

from typing import Final

from marketplace.api.describing import (
    ID,
    MOMENT,
    PAGING,
    TEXT,
    WHOLE,
    Operation,
    Shape,
    list_of,
    object_of,
    one_of,
    paged,
)

_VERSION_TYPE: Final = one_of(
    "latest_public", "latest_private", "latest_compiled", "semantic_version", "hash"
)
_RESERVATION: Final[Shape] = object_of(
    {
        "id": ID,
        "owner": TEXT,
        "algorithm": TEXT,
        "version_type": _VERSION_TYPE,
        "version_identifier": TEXT,
        "version": TEXT,
        "num_slots": WHOLE,
        "ready": WHOLE,
        "note": TEXT,
        "rate_microcredits": WHOLE,
        "kept_ms": WHOLE,
        "charged": WHOLE,
        "created_at": MOMENT,
    }
)
_WIRE: Final[Shape] = object_of(
    {
        "reservation_id": ID,
        "billable_to": TEXT,
        "billable_to_uuid": ID,
        "username": TEXT,
        "algoname": TEXT,
        "version_type": _VERSION_TYPE,
        "num_slots": WHOLE,
        "algo_id": ID,
        "algorithm_id": ID,
        "version_hash": TEXT,
    }
)
_ONE: Final = "/api/reservations/{reservation_id}"
_STAFF: Final = "/v1/admin/reservations"
RESERVATIONS: Final[dict[str, Operation]] = {
    "GET /api/reservations": Operation(
        "List what is kept warm for you", paged(_RESERVATION), query=PAGING
    ),
    "POST /api/reservations": Operation(
        "Have sandboxes of a version kept warm for your calls",
        _RESERVATION,
        body=object_of(
            {
                "algorithm": TEXT,
                "owner?": TEXT,
                "version_type?": _VERSION_TYPE,
                "version_identifier?": TEXT,
                "num_slots?": WHOLE,
            }
        ),
        status=201,
        words="You pay for the time in which each of them waits, at the rate of running.",
    ),
    f"GET {_ONE}": Operation("Look at a reservation", _RESERVATION),
    f"DELETE {_ONE}": Operation("End a reservation", status=204),
    f"GET {_STAFF}": Operation("List all reservations", list_of(_WIRE)),
    f"POST {_STAFF}": Operation(
        "Have sandboxes kept warm for somebody's calls, at their expense",
        _WIRE,
        body=object_of(
            {
                "username": TEXT,
                "algoname": TEXT,
                "calling_user": TEXT,
                "version_type": _VERSION_TYPE,
                "num_slots": WHOLE,
                "version_identifier?": TEXT,
            }
        ),
    ),
    f"DELETE {_STAFF}/{{reservation_id}}": Operation("End somebody's reservation", status=204),
}
