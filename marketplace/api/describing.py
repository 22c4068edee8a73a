"""The words in which an address is described for the reference: what it takes, what it answers.

A view may carry its descriptions itself, `described = {"GET": Operation("…", object_of(…))}`;
those of the predecessor's wire stand together in marketplace/reference. Shapes are JSON Schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Shape = dict[str, Any]

ANYTHING: Final[Shape] = {}
TEXT: Final[Shape] = {"type": "string"}
NUMBER: Final[Shape] = {"type": "number"}
WHOLE: Final[Shape] = {"type": "integer"}
YES_OR_NO: Final[Shape] = {"type": "boolean"}
ID: Final[Shape] = {"type": "string", "format": "uuid"}
MOMENT: Final[Shape] = {"type": "string", "format": "date-time"}
COMMIT: Final[Shape] = {"type": "string", "pattern": "^[0-9a-f]{40}$"}
JSON: Final = "application/json"
BYTES: Final = "application/octet-stream"
PLAIN: Final = "text/plain"


@dataclass(frozen=True)
class Parameter:
    """A part of the query."""

    name: str
    words: str
    shape: Shape = field(default_factory=lambda: dict(TEXT))
    is_needed: bool = False


@dataclass(frozen=True)
class Operation:
    """One method of one address."""

    summary: str
    answer: Shape | None = None
    """Of the usual answer; None: it has no body."""

    body: Shape | None = field(default=None, kw_only=True)
    query: tuple[Parameter, ...] = field(default=(), kw_only=True)
    words: str = field(default="", kw_only=True)
    status: int = field(default=200, kw_only=True)
    media: str = field(default=JSON, kw_only=True)
    takes: str = field(default=JSON, kw_only=True)
    others: Mapping[int, Shape | None] = field(default_factory=dict, kw_only=True)
    """Further good answers, by status."""

    may_lack_body: bool = field(default=False, kw_only=True)
    is_for_all: bool = field(default=False, kw_only=True)
    """Whether it answers without any credential."""


def object_of(members: Mapping[str, Shape], **further: Any) -> Shape:  # noqa: ANN401 - JSON Schema
    """An object; a name that ends with a question mark may be missing."""
    properties = {name.rstrip("?"): shape for name, shape in members.items()}
    needed = [name for name in members if not name.endswith("?")]
    shape: Shape = {"type": "object", "properties": properties}
    return shape | ({"required": needed} if needed else {}) | further


def list_of(shape: Shape) -> Shape:
    return {"type": "array", "items": shape}


def one_of(*words: str) -> Shape:
    return {"type": "string", "enum": list(words)}


def or_null(shape: Shape) -> Shape:
    return {"anyOf": [shape, {"type": "null"}]}


def ref(name: str) -> Shape:
    """A shape with a name, of marketplace/reference/shapes.py."""
    return {"$ref": f"#/components/schemas/{name}"}


def paged(shape: Shape) -> Shape:
    """A piece of a long list, with what is needed to ask for the next."""
    return object_of(
        {
            "marker": or_null(TEXT),
            "next_link": or_null(TEXT),
            "results": list_of(shape),
        }
    )


PAGING: Final = (
    Parameter("limit", "How many at most", {"type": "integer", "minimum": 1, "maximum": 1000}),
    Parameter("marker", "The marker of the piece before"),
)
