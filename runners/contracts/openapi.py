"""What an app says of its own `POST /` in an OpenAPI document that lies beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from marketplace.lib import plain_yaml
from runners.author_files import is_own_file
from runners.contracts.base import Schema
from runners.errors import BuildFailed

FILES: Final = ("openapi.json", "openapi.yaml", "openapi.yml")
_LARGEST: Final = 500 * 1024


@dataclass(frozen=True, slots=True)
class Said:
    """The two sides of `POST /`."""

    input: Schema | None
    output: Schema | None
    description: str


def read(tree: Path) -> Said | None:
    """Find the document and what it says; None if there is none, or nothing about `POST /`."""
    for name in FILES:
        path = tree / name
        if is_own_file(path, tree) and path.stat().st_size <= _LARGEST:
            return _of(_loaded(path))
    return None


def _loaded(path: Path) -> Any:  # noqa: ANN401 - a stranger's document
    try:
        if path.suffix == ".json":
            return json.loads(path.read_bytes())
        return plain_yaml.load(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BuildFailed(f"{path.name} cannot be read: {str(error)[:200]}.") from None


def _of(document: Any) -> Said | None:  # noqa: ANN401 - a stranger's document
    operation = _at(document, "paths", "/", "post")
    if not isinstance(operation, dict):
        return None
    answers = _at(operation, "responses")
    codes = sorted(answers) if isinstance(answers, dict) else []
    good = next((code for code in codes if str(code).startswith("2")), "default")
    description = operation.get("description") or operation.get("summary")
    return Said(
        _schema(document, _at(operation, "requestBody", "content")),
        _schema(document, _at(operation, "responses", good, "content")),
        description[:2000] if isinstance(description, str) else "",
    )


def _schema(document: Any, content: Any) -> Schema | None:  # noqa: ANN401 - likewise
    """The JSON schema of a body, with the components it refers to beside it."""
    found = _at(content, "application/json", "schema")
    if not isinstance(found, dict):
        return None
    components = _at(document, "components", "schemas")
    if '"$ref"' in json.dumps(found, default=str) and isinstance(components, dict):
        return {**found, "components": {"schemas": components}}
    return found


def _at(value: Any, *path: Any) -> Any:  # noqa: ANN401 - likewise
    for step in path:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value
