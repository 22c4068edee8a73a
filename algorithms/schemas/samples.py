"""A schema guessed from one example: true for the example, likely for the rest."""

from __future__ import annotations

import re
from functools import reduce
from typing import Any, Final

import orjson

from algorithms.schemas.shapes import Schema, either, type_of, types_of

_LOOKED_AT: Final = 50
_DEEPEST: Final = 12
_FILE: Final = re.compile(r"(?:data|s3|dropbox|azureblob|gs)(?:\+[\w-]+)?://\S+\Z")
_PICTURES: Final = {"png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff"}
_SOUNDS: Final = {"wav", "mp3", "ogg", "oga", "flac", "m4a", "opus"}


def of_text(text: str) -> Schema:
    """The schema of a sample as it is kept: JSON where it reads as JSON, else a text."""
    if not text.strip():
        return {}
    try:
        return of_value(orjson.loads(text))
    except orjson.JSONDecodeError:
        return {"type": "string"}


def of_value(value: Any, depth: int = 0) -> Schema:  # noqa: ANN401 - any JSON value
    """Nothing is required and nothing excluded: one example cannot tell."""
    kind = type_of(value)
    if value is None or depth > _DEEPEST:
        return {}
    if kind == "object":
        return {
            "type": "object",
            "properties": {name: of_value(one, depth + 1) for name, one in value.items()},
        }
    if kind == "array":
        items = reduce(_joined, (of_value(one, depth + 1) for one in value[:_LOOKED_AT]), None)
        return {"type": "array"} | ({"items": items} if items else {})
    if kind == "string":
        return {"type": "string"} | _format(value)
    return {"type": kind}


def _format(text: str) -> Schema:
    if match := re.match(r"data:(image|audio)/[\w.+-]+;base64,", text):
        return {"format": match[1], "contentEncoding": "base64"}
    if _FILE.match(text):
        ending = text.rpartition(".")[2].lower()
        kind = "image" if ending in _PICTURES else "audio" if ending in _SOUNDS else "file"
        return {"format": kind}
    return {"format": "uri"} if re.match(r"https?://\S+\Z", text) else {}


def _joined(one: Schema | None, other: Schema) -> Schema:
    if one is None or one == other:
        return other
    kinds = types_of(one) | types_of(other)
    if kinds == {"integer", "number"}:
        return {"type": "number"}
    if kinds == {"object"} and "properties" in one and "properties" in other:
        ours, theirs = one["properties"], other["properties"]
        names = [*ours, *(name for name in theirs if name not in ours)]
        both = {
            name: _joined(ours.get(name, theirs.get(name)), theirs.get(name, ours.get(name)))
            for name in names
        }
        return {"type": "object", "properties": both}
    if kinds == {"string"}:
        return {"type": "string"}
    return either([one, other])
