"""The document put in the order in which people read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from marketplace.api.describing import Shape
from marketplace.reference.document import document


@dataclass(frozen=True)
class Row:
    """One part of a request or an answer."""

    name: str
    kind: str
    words: str = ""
    is_needed: bool = False


@dataclass(frozen=True)
class Answer:
    status: str
    words: str
    kind: str
    rows: list[Row]
    is_refusal: bool


@dataclass(frozen=True)
class Entry:
    """One method of one address."""

    id: str
    method: str
    path: str
    summary: str
    words: str
    is_for_all: bool
    parameters: list[Row]
    body_kind: str
    body: list[Row]
    answers: list[Answer]


@dataclass(frozen=True)
class Group:
    name: str
    entries: list[Entry] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        return self.name.lower()


@cache
def groups() -> list[Group]:
    """Everything by subject; addresses by id are left to the document, they answer as by name."""
    told = document()
    found = {tag["name"]: Group(tag["name"]) for tag in told["tags"]}
    for path, methods in told["paths"].items():
        if "{algorithm_id}" in path:
            continue
        for method, operation in methods.items():
            found[operation["tags"][0]].entries.append(_entry(path, method, operation))
    return [group for group in found.values() if group.entries]


def kind_of(shape: Shape) -> str:
    """A shape in a few words: `string`, `list of Build`, `one of a, b`."""
    if "$ref" in shape:
        return str(shape["$ref"]).rpartition("/")[2]
    if "enum" in shape:
        return "one of " + ", ".join(map(str, shape["enum"]))
    if shape.get("type") == "array":
        return f"list of {kind_of(shape['items'])}"
    parts = shape.get("anyOf") or shape.get("allOf")
    if parts:
        joint = " or " if "anyOf" in shape else " with "
        return joint.join(dict.fromkeys(map(kind_of, parts)))
    return str(shape.get("format") or shape.get("type") or "anything")


def rows_of(shape: Shape, within: str = "") -> list[Row]:
    """The members of an object and of the objects in it, those of a named one included."""
    shape = resolved(shape)
    if shape.get("type") == "array":
        return rows_of(shape["items"], within)
    needed = shape.get("required", [])
    rows = []
    for name, part in shape.get("properties", {}).items():
        words = str(part.get("description", ""))
        rows.append(Row(f"{within}{name}", kind_of(part), words, name in needed))
        if not within and part.get("type") == "object":
            rows += rows_of(part, f"{name}.")
    for part in shape.get("allOf", []):
        rows += rows_of(part, within)
    return rows


def resolved(shape: Shape) -> Shape:
    if "$ref" not in shape:
        return shape
    found: Shape = document()["components"]["schemas"][str(shape["$ref"]).rpartition("/")[2]]
    return found


def _entry(path: str, method: str, operation: dict[str, Any]) -> Entry:
    content = operation.get("requestBody", {}).get("content", {})
    media, shape = _first(content)
    return Entry(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        words=operation.get("description", ""),
        is_for_all={} in operation.get("security", []),
        parameters=[
            Row(
                part["name"], kind_of(part["schema"]), part.get("description", ""), part["required"]
            )
            for part in operation.get("parameters", [])
        ],
        body_kind=f"{media}: {kind_of(shape)}" if media else "",
        body=rows_of(shape),
        answers=[_answer(status, answer) for status, answer in operation["responses"].items()],
    )


def _first(content: dict[str, dict[str, Any]]) -> tuple[str, Shape]:
    """The media type that is usual, and its shape."""
    for media, body in content.items():
        return media, body["schema"]
    return "", {}


def _answer(status: str, answer: dict[str, Any]) -> Answer:
    is_refusal = "$ref" in answer
    if is_refusal:
        answer = document()["components"]["responses"][status]
    media, shape = _first(answer.get("content", {}))
    kind = f"{media}: {kind_of(shape)}" if media else ""
    return Answer(
        status, answer["description"], kind, [] if is_refusal else rows_of(shape), is_refusal
    )
