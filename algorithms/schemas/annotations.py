"""Type hints of an author's module as JSON Schema, read from the syntax tree; nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Callable
from copy import deepcopy
from typing import Any, Final

from docstring_parser import ParseError, parse

from algorithms.schemas.shapes import Schema, either, type_of

_PLAIN: Final[dict[str, Schema]] = {
    "str": {"type": "string"},
    "string": {"type": "string"},
    "text": {"type": "string"},
    "int": {"type": "integer"},
    "integer": {"type": "integer"},
    "float": {"type": "number"},
    "number": {"type": "number"},
    "complex": {"type": "string"},
    "bool": {"type": "boolean"},
    "boolean": {"type": "boolean"},
    "None": {"type": "null"},
    "NoneType": {"type": "null"},
    "dict": {"type": "object"},
    "object": {},
    "Dict": {"type": "object"},
    "Mapping": {"type": "object"},
    "MutableMapping": {"type": "object"},
    "list": {"type": "array"},
    "array": {"type": "array"},
    "bytes": {"type": "string", "contentMediaType": "application/octet-stream"},
    "bytearray": {"type": "string", "contentMediaType": "application/octet-stream"},
    "Path": {"type": "string", "format": "file"},
    "UUID": {"type": "string", "format": "uuid"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
}
_LISTS: Final = {
    *("list", "List", "set", "Set", "frozenset", "FrozenSet", "tuple", "Tuple", "deque"),
    *("Sequence", "MutableSequence", "Iterable", "Iterator", "Collection", "Generator"),
}
_WRAPPERS: Final = {"Required", "NotRequired", "ReadOnly", "Final", "ClassVar", "Awaitable"}
_BOUNDS: Final = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
    "description": "description",
    "title": "title",
}
_METADATA: Final = {"Ge": "minimum", "Gt": "exclusiveMinimum", "Le": "maximum"} | {
    "Lt": "exclusiveMaximum",
    "MinLen": "minLength",
    "MaxLen": "maxLength",
    "Doc": "description",
}
_DEEPEST: Final = 10
_MOST_LOOKED_AT: Final = 3000
"""Hints that are followed in one module: types that name themselves would have no end."""


class Names:
    """What the names of a module mean, as far as its text tells."""

    def __init__(self, module: ast.Module) -> None:
        self._classes = {one.name: one for one in module.body if isinstance(one, ast.ClassDef)}
        self._aliases: dict[str, ast.expr] = {}
        self._looked_at = 0
        for statement in module.body:
            self._note(statement)

    def schema(self, hint: ast.expr | None, depth: int = 0) -> Schema:
        """The schema of a type hint; empty where it says nothing that JSON knows."""
        self._looked_at += 1
        if hint is None or depth > _DEEPEST or self._looked_at > _MOST_LOOKED_AT:
            return {}
        if isinstance(hint, ast.Constant):
            return self._constant(hint.value, depth)
        if isinstance(hint, ast.BinOp) and isinstance(hint.op, ast.BitOr):
            return either([self.schema(hint.left, depth + 1), self.schema(hint.right, depth + 1)])
        if isinstance(hint, ast.Subscript):
            return self._subscript(hint, depth)
        return self._named(_last_name(hint), depth)

    def _named(self, name: str, depth: int) -> Schema:
        if name in self._classes:
            return self._class(self._classes[name], depth)
        if name in self._aliases:
            return self.schema(self._aliases[name], depth + 1)
        return deepcopy(_PLAIN.get(name, {"type": "array"} if name in _LISTS else {}))

    def _note(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            self._aliases[statement.targets[0].id] = statement.value
        elif (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and statement.value is not None
            and _last_name(statement.annotation) == "TypeAlias"
        ):
            self._aliases[statement.target.id] = statement.value

    def _constant(self, value: object, depth: int) -> Schema:
        if value is None:
            return {"type": "null"}
        return self.schema(_expression(value), depth + 1) if isinstance(value, str) else {}

    def _subscript(self, hint: ast.Subscript, depth: int) -> Schema:
        name = _last_name(hint.value)
        parts = hint.slice.elts if isinstance(hint.slice, ast.Tuple) else [hint.slice]
        inner = [self.schema(part, depth + 1) for part in parts if name != "Literal"]
        if name in {"Optional", "Union"}:
            return either([*inner, *([{"type": "null"}] if name == "Optional" else [])])
        if name == "Literal":
            return _choices([literal(part) for part in parts])
        if name == "Annotated":
            return inner[0] | _constraints(parts[1:])
        return inner[-1] if name in _WRAPPERS else _container(name, inner)

    def _class(self, found: ast.ClassDef, depth: int) -> Schema:
        bases = {_last_name(base) for base in found.bases}
        if bases & {"Enum", "StrEnum", "IntEnum"}:
            values = [literal(one.value) for one in found.body if isinstance(one, ast.Assign)]
            return _choices(values)
        properties: dict[str, Schema] = {}
        required: list[str] = []
        for base in bases & set(self._classes):
            inherited = self._class(self._classes[base], depth + 1) if depth < _DEEPEST else {}
            properties |= inherited.get("properties", {})
            required += inherited.get("required", [])
        is_total = not any(
            word.arg == "total" and literal(word.value) is False for word in found.keywords
        )
        for field in found.body:
            if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
                continue
            schema, is_required = self._field(field, depth)
            properties[field.target.id] = schema
            required += [field.target.id] if is_required and is_total else []
        said = documented(found)
        for name, words in said.items():
            if name in properties:
                properties[name].setdefault("description", words)
        schema = {"type": "object", "properties": properties}
        return schema | ({"required": required} if required else {})

    def _field(self, field: ast.AnnAssign, depth: int) -> tuple[Schema, bool]:
        schema = self.schema(field.annotation, depth + 1)
        wrapper = getattr(field.annotation, "value", field.annotation)
        is_required = field.value is None and _last_name(wrapper) != "NotRequired"
        value = field.value
        if isinstance(value, ast.Call) and _last_name(value.func) in {"Field", "field"}:
            schema |= _constraints([value])
            given = [word.value for word in value.keywords if word.arg == "default"]
            given = [*value.args[:1], *given]
            has_factory = any(word.arg == "default_factory" for word in value.keywords)
            is_required = not has_factory and (not given or literal(given[0]) is Ellipsis)
            value = given[0] if given and not is_required else None
        default = literal(value)
        if default is not None and type_of(default) != "null":
            schema["default"] = default
        return schema, is_required


def _container(name: str, inner: list[Schema]) -> Schema:
    """A list or a mapping of something."""
    if name in _LISTS:
        return {"type": "array"} | ({"items": inner[0]} if inner[0] else {})
    if _PLAIN.get(name) == {"type": "object"}:
        values = inner[-1] if len(inner) > 1 else {}
        return {"type": "object"} | ({"additionalProperties": values} if values else {})
    return {}


def of_words(text: str, schema: Callable[[ast.expr | None], Schema]) -> Schema:
    """The schema of a type as a docstring writes it: `list[str]`, `list of str`, `int or None`."""
    words = text.strip().removesuffix(", optional").strip("`: ")
    head, _, rest = words.partition(" of ")
    if rest and head.strip().lower() in {"list", "array", "sequence", "tuple"}:
        item = of_words(rest.removesuffix("s") if rest.endswith("s") else rest, schema)
        return {"type": "array"} | ({"items": item} if item else {})
    if " or " in words:
        return either([of_words(part, schema) for part in words.split(" or ")])
    if words.startswith("{") and words.endswith("}"):
        value = literal(_expression(f"[{words[1:-1]}]"))
        return _choices(value) if isinstance(value, list) else {}
    return schema(_expression(words))


def documented(found: ast.ClassDef) -> dict[str, str]:
    """What the docstring of a class says of its attributes."""
    try:
        parsed = parse(ast.get_docstring(found) or "")
    except ParseError:
        return {}
    return {one.arg_name: one.description for one in parsed.params if one.description}


def literal(expression: ast.expr | None) -> Any:  # noqa: ANN401 - any Python literal
    """The value of a literal that JSON can carry, or nothing."""
    if expression is None:
        return None
    try:
        value = ast.literal_eval(expression)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    if isinstance(value, tuple):
        return list(value)
    return value if isinstance(value, bool | int | float | str | list | dict | type(...)) else None


def _choices(values: list[Any]) -> Schema:
    if not values:
        return {}
    kinds = {type_of(value) for value in values}
    return ({"type": kinds.pop()} if len(kinds) == 1 else {}) | {"enum": values}


def _constraints(parts: list[ast.expr]) -> Schema:
    found: Schema = {}
    for part in parts:
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            found["description"] = part.value
        if not isinstance(part, ast.Call):
            continue
        name = _last_name(part.func)
        if name in _METADATA and part.args:
            found[_METADATA[name]] = literal(part.args[0])
        for word in part.keywords:
            if word.arg in _BOUNDS and name in {"Field", "field", "Interval", "Len", "Meta"}:
                found[_BOUNDS[word.arg]] = literal(word.value)
    return {keyword: value for keyword, value in found.items() if value is not None}


def _last_name(expression: ast.expr) -> str:
    """`typing.List` and `List` are the same to us."""
    if isinstance(expression, ast.Attribute):
        return expression.attr
    if isinstance(expression, ast.Subscript):
        return _last_name(expression.value)
    return expression.id if isinstance(expression, ast.Name) else ""


def _expression(text: str) -> ast.expr | None:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
