"""Of which kind an input or output is, in one word: what people filter by."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

TEXT: Final = "text"
NUMBER: Final = "number"
IMAGE: Final = "image"
AUDIO: Final = "audio"
FILE: Final = "file"
LIST: Final = "list"
FIELDS: Final = "fields"

_ENDINGS: Final = {
    IMAGE: re.compile(r"\.(?:png|jpe?g|gif|webp|bmp|tiff?|svg)\Z", re.IGNORECASE),
    AUDIO: re.compile(r"\.(?:wav|mp3|ogg|opus|flac|m4a|aac)\Z", re.IGNORECASE),
}
_ADDRESS: Final = re.compile(r"(?:data|https?|s3|dropbox|algo)://\S+\Z")
_INLINE: Final = {"iVBORw0KGgo": IMAGE, "/9j/": IMAGE, "R0lGOD": IMAGE, "UklGR": FILE}
_DEEPEST: Final = 3


def of(schema: Mapping[str, Any] | None, sample: str) -> str:
    """What the schema says; else what the sample shows; else nothing."""
    return (of_schema(schema) if schema else "") or of_sample(sample)


def of_schema(schema: Mapping[str, Any]) -> str:
    media = _media(schema, _DEEPEST)
    if media:
        return media
    match schema.get("type"):
        case "string":
            return TEXT
        case "number" | "integer" | "boolean":
            return NUMBER
        case "array":
            return LIST
        case "object":
            return FIELDS
        case _:
            return ""


def of_sample(sample: str) -> str:
    if not sample.strip():
        return ""
    try:
        value = orjson.loads(sample)
    except orjson.JSONDecodeError:
        value = sample
    named = next((kind for text in _texts(value, _DEEPEST) if (kind := _of_address(text))), "")
    if named:
        return named
    if isinstance(value, str):
        return TEXT
    if isinstance(value, (int, float)):
        return NUMBER
    return LIST if isinstance(value, list) else FIELDS if isinstance(value, dict) else ""


def _media(schema: Mapping[str, Any], deepest: int) -> str:
    """A picture, a sound or a file that the schema asks for, here or further inside."""
    media_type = str(schema.get("contentMediaType", ""))
    for kind in (IMAGE, AUDIO):
        if media_type.startswith(f"{kind}/"):
            return kind
    if media_type and schema.get("contentEncoding"):
        return FILE
    inner = schema.get("properties")
    if deepest and isinstance(inner, dict):
        found = (_media(each, deepest - 1) for each in inner.values() if isinstance(each, dict))
        return next((kind for kind in found if kind), "")
    return ""


def _texts(value: object, deepest: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif deepest and isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner, deepest - 1)
    elif deepest and isinstance(value, list):
        for inner in value[:10]:
            yield from _texts(inner, deepest - 1)


def _of_address(text: str) -> str:
    for beginning, kind in _INLINE.items():
        if text.startswith(beginning) and len(text) > 100:
            return kind
    if not _ADDRESS.match(text):
        return ""
    for kind, ending in _ENDINGS.items():
        if ending.search(text.partition("?")[0]):
            return kind
    return FILE if text.startswith(("data://", "s3://", "dropbox://")) else ""
