"""Calls, the Data API and the site's own health: addresses that no list of views tells."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from marketplace.api.describing import (
    ANYTHING,
    BYTES,
    TEXT,
    Operation,
    Parameter,
    list_of,
    object_of,
    one_of,
    ref,
)

_ANSWER: Final = {"anyOf": [ref("CallResult"), ref("CallError"), ref("CallAccepted")]}
_CALL: Final = Operation(
    "Call an algorithm",
    _ANSWER,
    body=ANYTHING,
    words=(
        "The body is the input: JSON, text or bytes, as its Content-Type says. What the "
        "algorithm or the input gets wrong is an error object with status 200; other statuses "
        "tell of limits, of missing credit and of the platform's own faults. With output=raw "
        "the body is the bare result, and an error has status 400 or 500."
    ),
    query=(
        Parameter("timeout", "Seconds, 3000 at most", {"type": "number", "minimum": 0.1}),
        Parameter("stdout", "Whether to send what it printed (its owner only)"),
        Parameter("output", "What to answer", one_of("default", "raw", "void")),
    ),
)
_PLACES: Final = (
    "{owner}/{name}",
    "{owner}/{name}/{version}",
    "{owner}/{name}/{version}/{operation}",
)
_SERVICE: Final = replace(
    _CALL,
    summary="Call a service",
    words=f"Only while it is online; 503 otherwise. {_CALL.words}",
)
_SERVICES: Final = ("{owner}/{project}/{service}", "{owner}/{project}/{service}/{operation}")
CALLS: Final = {
    f"POST /v1/{web}algo/{place}": _CALL for web in ("", "web/") for place in _PLACES
} | {f"POST /v1/{web}services/{place}": _SERVICE for web in ("", "web/") for place in _SERVICES}

_STORED: Final = ref("Stored")
DATA: Final = {
    "GET /v1/data/{path}": Operation(
        "Read a file or list a folder",
        ref("Folder"),
        query=(
            Parameter("marker", "The marker of the piece before"),
            Parameter("acl", "true: with who may read"),
        ),
        words="X-Data-Type says which of both came.",
    ),
    "PUT /v1/data/{path}": Operation(
        "Write a file", _STORED, body={"type": "string", "format": "binary"}, takes=BYTES
    ),
    "POST /v1/data/{path}": Operation(
        "Make a collection",
        _STORED,
        body=object_of({"name": TEXT, "acl?": ref("Access")}),
    ),
    "PATCH /v1/data/{path}": Operation(
        "Change who may read a collection", body=object_of({"acl": ref("Access")})
    ),
    "DELETE /v1/data/{path}": Operation(
        "Remove a file or a collection",
        ref("Deleted"),
        query=(Parameter("force", "true: a collection with all its files"),),
    ),
    "GET /v1/hostedData": Operation(
        "List your collections", object_of({"result": list_of(object_of({}))})
    ),
}

HEALTH: Final = {
    "GET /healthz": Operation("Ask whether the process lives", {}, is_for_all=True),
    "GET /readyz": Operation(
        "Ask whether the site can work", ANYTHING, is_for_all=True, others={503: ANYTHING}
    ),
}
