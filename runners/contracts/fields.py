"""The manifest of a model service as JSON Schema: its commands' fields, and the options of its setup.

What JSON Schema has no word for is kept as `x-` keys. Everything here comes from a process of the
author's, so whatever is not what it should be is taken for anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from runners.contracts.base import Cancel, Interface, Operation

Field = Mapping[str, Any]
_MOST_COMMANDS: Final = 100
_DEEPEST: Final = 8


def interface(
    manifest: Mapping[str, Any], *, given: Mapping[str, Any] | None = None
) -> Interface | None:
    """What the commands take and answer; None if there is none.

    `given` are values of options that the files say: what is set up with unless it is told else.
    """
    commands = [one for one in _list(manifest.get("commands")) if isinstance(one, dict)]
    operations = tuple(_operation(one) for one in commands[:_MOST_COMMANDS])
    if not operations:
        return None
    options = _list(manifest.get("options"))
    raw = {"options": options, "commands": commands[:_MOST_COMMANDS]}
    schema = _object(options, is_input=True) if options else None
    for name, value in (given or {}).items():
        if schema is not None and name in schema["properties"]:
            schema["properties"][name]["default"] = value
    return Interface(operations, options=schema, source="introspected", raw=raw)


def without_value(manifest: Mapping[str, Any]) -> list[str]:
    """The options that have no default: files, mostly, which somebody must bring."""
    options = [one for one in _list(manifest.get("options")) if isinstance(one, dict)]
    return [_text(one, "name") for one in options if one.get("default") is None]


def _operation(command: Field) -> Operation:
    return Operation(
        name=_text(command, "name"),
        title=_text(command, "name"),
        description=_text(command, "description"),
        input=_object(_list(command.get("inputs")), is_input=True),
        output=_object(_list(command.get("outputs")), is_input=False),
        cancel=Cancel.COOPERATIVE,
    )


def _object(fields: list[Any], *, is_input: bool) -> dict[str, Any]:
    """Fields without a default must be there; others may come and are not looked at."""
    known = [field for field in fields if isinstance(field, dict) and _text(field, "name")]
    properties = {_text(field, "name"): schema(field) for field in known}
    needed = [_text(field, "name") for field in known if not (is_input and _has_default(field))]
    return {"type": "object", "properties": properties, "required": needed}


def _has_default(field: Field) -> bool:
    return "default" in field or field.get("type") in ("vector", "file")


def schema(field: Field, depth: int = 0) -> dict[str, Any]:
    """The schema of one field."""
    make = _KINDS.get(_text(field, "type"))
    found = make(field, depth) if make is not None and depth < _DEEPEST else {}
    if "default" in field:
        found["default"] = field["default"]
    if _text(field, "description"):
        found["description"] = _text(field, "description")
    return found


def _array(field: Field, depth: int) -> dict[str, Any]:
    items = field.get("itemType")
    found: dict[str, Any] = {"type": "array"}
    found["items"] = schema(items, depth + 1) if isinstance(items, dict) else {}
    return found | _sizes(field, minItems="minLength", maxItems="maxLength")


def _boolean(_: Field, __: int) -> dict[str, Any]:
    return {"type": "boolean"}


def _category(field: Field, _: int) -> dict[str, Any]:
    return {"enum": _list(field.get("oneOf"))}


def _number(field: Field, _: int) -> dict[str, Any]:
    found = {"type": "number"} | _sizes(field, minimum="min", maximum="max")
    step = field.get("step")
    return found | ({"x-step": step} if _is_number(step) else {})


def _string(field: Field, _: int) -> dict[str, Any]:
    return {"type": "string"} | _sizes(field, minLength="minLength", maxLength="maxLength")


def _vector(field: Field, _: int) -> dict[str, Any]:
    sampling = {"mean": field.get("samplingMean"), "std": field.get("samplingStd")}
    found = {"type": ["array", "null"], "items": {"type": "number"}, "x-widget": "vector"}
    return found | _sizes(field, minItems="length", maxItems="length") | {"x-sampling": sampling}


def _image(field: Field, _: int) -> dict[str, Any]:
    found = {
        "type": "string",
        "contentEncoding": "base64",
        "contentMediaType": "image/*",
        "format": "data-uri",
        "x-widget": "image",
    }
    for name in ("channels", "minWidth", "maxWidth", "minHeight", "maxHeight", "width", "height"):
        if _is_number(field.get(name)):
            found[f"x-{name}"] = field[name]
    return found


def _segmentation(field: Field, depth: int) -> dict[str, Any]:
    ids, colours = field.get("labelToId"), field.get("labelToColor")
    labels = {
        str(label): {
            "id": number,
            "color": colours.get(label) if isinstance(colours, dict) else None,
        }
        for label, number in (ids.items() if isinstance(ids, dict) else ())
    }
    return _image(field, depth) | {"x-widget": "segmentation", "x-labels": labels}


def _file(field: Field, _: int) -> dict[str, Any]:
    found: dict[str, Any] = {"type": ["string", "null"], "format": "uri-reference"}
    found |= {"x-widget": "file", "x-directory": bool(field.get("isDirectory"))}
    return found | ({"x-accept": field["extension"]} if _text(field, "extension") else {})


def _places(count: int | None, inner: int | None = None) -> Callable[[Field, int], dict[str, Any]]:
    def make(field: Field, _: int) -> dict[str, Any]:
        number = {"type": "number", "minimum": 0, "maximum": 1}
        items = number if inner is None else _fixed(number, inner)
        found = {"type": "array", "items": items, "x-widget": _text(field, "type")}
        if count is not None:
            return found | {"minItems": count, "maxItems": count}
        return found | _sizes(field, minItems="length", maxItems="length")

    return make


def _fixed(items: dict[str, Any], count: int) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": count, "maxItems": count}


_KINDS: Final[dict[str, Callable[[Field, int], dict[str, Any]]]] = {
    "array": _array,
    "boolean": _boolean,
    "category": _category,
    "file": _file,
    "image": _image,
    "image_bounding_box": _places(4),
    "image_landmarks": _places(None, 2),
    "image_point": _places(2),
    "number": _number,
    "segmentation": _segmentation,
    "text": _string,
    "vector": _vector,
}


def _sizes(field: Field, **words: str) -> dict[str, Any]:
    """The bounds that are there, by JSON Schema's word for each."""
    return {word: field[name] for word, name in words.items() if _is_number(field.get(name))}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(field: Field, name: str) -> str:
    value = field.get(name)
    return value[:2000] if isinstance(value, str) else ""
