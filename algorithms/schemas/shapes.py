"""Small operations on JSON Schemas: their types, and two sources of one schema made into one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

Schema = dict[str, Any]

TYPES: Final = ("null", "boolean", "integer", "number", "string", "array", "object")
_CARRIED: Final = ("title", "description", "format", "contentMediaType", "examples")
"""What a weaker source may add to a stronger one without contradicting it."""

_MOST_KINDS: Final = 4


def type_of(value: object) -> str:
    """The JSON type of a value; whole numbers are integers."""
    for kind, name in _NAMES:
        if isinstance(value, kind):
            return name
    return "null"


_NAMES: Final[tuple[tuple[type, str], ...]] = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (str, "string"),
    (list, "array"),
    (dict, "object"),
)


def types_of(schema: Schema) -> frozenset[str]:
    """Every type that a value may have; all of them if the schema does not say."""
    if "type" in schema:
        named = schema["type"]
        return frozenset([named] if isinstance(named, str) else named)
    if "const" in schema:
        return frozenset({type_of(schema["const"])})
    if "enum" in schema:
        return frozenset(type_of(value) for value in schema["enum"])
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return frozenset().union(*(types_of(one) for one in schema[union]))
    if "properties" in schema:
        return frozenset({"object"})
    return frozenset(TYPES)


def either(schemas: Iterable[Schema]) -> Schema:
    """One schema for values of any of these."""
    distinct: list[Schema] = []
    for schema in schemas:
        for one in schema.get("anyOf", [schema]) if set(schema) == {"anyOf"} else [schema]:
            if one not in distinct:
                distinct.append(one)
    if not distinct or {} in distinct:
        return {}
    if len(distinct) == 1:
        return distinct[0]
    if len(distinct) > _MOST_KINDS:
        return {}
    if all(set(one) == {"type"} and isinstance(one["type"], str) for one in distinct):
        return {"type": [one["type"] for one in distinct]}
    return {"anyOf": distinct}


def completed(strong: Schema, weak: Schema) -> Schema:
    """What the stronger source says, and where it is silent, what the weaker one adds."""
    if not strong:
        return dict(weak)
    if types_of(strong).isdisjoint(types_of(weak)) or not weak:
        return dict(strong)
    merged = {name: weak[name] for name in _CARRIED if name in weak} | strong
    if "properties" in weak and types_of(strong) == {"object"}:
        merged["properties"] = _properties(strong, weak)
    if "items" in weak and types_of(strong) == {"array"}:
        merged["items"] = completed(strong.get("items", {}), weak["items"])
    return merged


def _properties(strong: Schema, weak: Schema) -> dict[str, Schema]:
    """Names the stronger source lists are all there are; without a list, the weaker's serve."""
    ours, theirs = strong.get("properties"), weak["properties"]
    if ours is None:
        return dict(theirs)
    return {name: completed(one, theirs.get(name, {})) for name, one in ours.items()}
