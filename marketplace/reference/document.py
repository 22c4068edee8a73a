"""One OpenAPI document of everything that programs may ask of this site.

Which addresses there are is read from the routes, so that none can be forgotten; what they
take and answer is described beside them (`described` of a view) or in the tables of this
package. What nobody has described is listed by `undescribed`, and a test keeps that empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from drf_spectacular.generators import EndpointEnumerator

from marketplace.api.describing import ANYTHING, JSON, Operation, Parameter, Shape, ref
from marketplace.reference.calls_and_data import CALLS, DATA, HEALTH
from marketplace.reference.connectors import CONNECTORS
from marketplace.reference.money import MONEY
from marketplace.reference.native import NATIVE
from marketplace.reference.shapes import SHAPES
from marketplace.reference.wire import WIRE

_TABLES: Final = CALLS | CONNECTORS | DATA | HEALTH | MONEY | NATIVE | WIRE
_ADDED: Final = CALLS | HEALTH | {key: told for key, told in DATA.items() if "/data/" in key}
"""What no list of REST views tells."""

_PREFIXES: Final = ("/api/", "/v1/")
_SHOWN_BY_HAND: Final = ("/v1/data", "/v1/connector")
_REFUSALS: Final = {
    400: "The request is wrong; the sentence says what to change.",
    401: "No credential, or one that is not known.",
    403: "Known, but not allowed.",
    404: "Nothing is there, or nothing you may know of.",
    402: "Not enough credit, or a limit of yours would be exceeded.",
    409: "It would contradict what is there already.",
    413: "More than this address takes.",
    429: "Too much at once; Retry-After says when to come again.",
    503: "The site cannot do it now; Retry-After says when to come again.",
}
_TAGS: Final = (
    ("Calls", r"/v1/(web/)?(algo|services)/|/v1/requests"),
    ("Data", r"/v1/data|/v1/hostedData|/api/collections|/api/uploads|connectors"),
    ("Projects", r"/api/(projects|reservations)"),
    (
        "Algorithms",
        r"/(v1|api)/algorithms|/algorithms/|/api/imports|/v1/users/\{owner\}|secret-provider",
    ),
    ("Environments", r"/v1/algorithm-environments|/v1/scms"),
    ("Money", r"/(v1|api)/(billing|wallet|budgets|quotes?|spend-stop|receipts|usage|payments?)"),
    ("People", r"/v1/(users|organi)|/api/(me|keys|organi)"),
    ("Administration", r"/v1/(admin|registries|config)"),
)


SUBJECTS: Final = (*(name for name, _ in _TAGS), "Site")


@cache
def document() -> dict[str, Any]:
    """The document itself; the same wherever the site is installed."""
    paths: dict[str, dict[str, Any]] = {}
    for method, path, route, operation in _operations():
        entry = _operation(method, path, route, operation)
        paths.setdefault(path, {})[method.lower()] = entry
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Agorithm API",
            "version": "1",
            "description": "Algorithmia's REST API (`/v1/…`) and what this site adds (`/api/…`).",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}, {"bearer": []}, {"session": []}],
        "tags": [{"name": name} for name in SUBJECTS],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": SHAPES,
            "responses": {str(status): _refusal(words) for status, words in _REFUSALS.items()},
            "securitySchemes": _SECURITY,
        },
    }


def undescribed() -> list[str]:
    """Addresses whose shapes nobody has written down."""
    return [f"{method} {path}" for method, path, _, known in _routes() if known is None]


_SECURITY: Final = {
    "key": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "An API key, alone or after the word `Simple`.",
    },
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key or a JWT."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "sessionid",
        "description": "A signed-in browser; what changes anything needs X-CSRFToken too.",
    },
}


def _operations() -> Iterator[tuple[str, str, str, Operation]]:
    for method, path, route, operation in _routes():
        yield method, path, route, operation or Operation(f"{method} {path}", ANYTHING)
    for key, operation in _ADDED.items():
        method, path = key.split(" ", 1)
        yield method, path, "", operation


def _routes() -> Iterator[tuple[str, str, str, Operation | None]]:
    """Each method of each REST address once, without the form that ends with a slash."""
    found = EndpointEnumerator().get_api_endpoints()  # type: ignore[no-untyped-call]
    bare = {path for path, _, _, _ in found if not path.endswith("/")}
    for path, route, method, view in found:
        is_twin = path.endswith("/") and path.rstrip("/") in bare
        known = getattr(view.cls, "described", {}).get(method) or _TABLES.get(f"{method} {path}")
        is_ours = path.startswith(_PREFIXES) or known is not None
        if is_ours and not is_twin and not path.startswith(_SHOWN_BY_HAND):
            yield method, path, route, known


def _operation(method: str, path: str, route: str, operation: Operation) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "operationId": _identifier(method, path),
        "summary": operation.summary,
        "tags": [_tag(path)],
        "responses": _responses(operation, path),
    }
    if operation.words:
        entry["description"] = operation.words
    parameters = [*_of_path(path, route), *map(_of_query, operation.query)]
    if parameters:
        entry["parameters"] = parameters
    if operation.body is not None:
        content = {operation.takes: {"schema": operation.body}}
        entry["requestBody"] = {"required": not operation.may_lack_body, "content": content}
    if operation.is_for_all:
        entry["security"] = [{}, {"key": []}, {"bearer": []}, {"session": []}]
    return entry


def _responses(operation: Operation, path: str) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    good = {operation.status: operation.answer, **operation.others}
    for status, shape in good.items():
        answers[str(status)] = _answer(shape, operation.media, path)
    for status in _REFUSALS:
        answers.setdefault(str(status), {"$ref": f"#/components/responses/{status}"})
    return dict(sorted(answers.items()))


def _answer(shape: Shape | None, media: str, path: str) -> dict[str, Any]:
    if shape is None:
        return {"description": "Done; no body."}
    content: dict[str, Any] = {media: {"schema": shape}}
    if path == "/v1/data/{path}" and shape == ref("Folder"):
        content["*/*"] = {"schema": {}}
    return {"description": "As it should be.", "content": content}


def _refusal(words: str) -> dict[str, Any]:
    return {"description": words, "content": {JSON: {"schema": ref("Error")}}}


def _of_path(path: str, route: str) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"\{(\w+)\}", path):
        is_id = f"<uuid:{name}>" in route
        shape = {"type": "string"} | ({"format": "uuid"} if is_id else {"minLength": 1})
        yield {"name": name, "in": "path", "required": True, "schema": shape}


def _of_query(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "query",
        "description": parameter.words,
        "required": parameter.is_needed,
        "schema": parameter.shape,
    }


def _identifier(method: str, path: str) -> str:
    words = re.findall(r"[A-Za-z0-9_]+", path)
    return "_".join([method.lower(), *words])


def _tag(path: str) -> str:
    return next((name for name, pattern in _TAGS if re.match(pattern, path)), "Site")
