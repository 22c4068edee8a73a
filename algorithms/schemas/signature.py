"""What the `apply` of a module says of itself: in its type hints and in its docstring."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import Final

from docstring_parser import Docstring, ParseError, parse
from docstring_parser.common import DocstringParam

from algorithms.schemas.annotations import Names, literal, of_words
from algorithms.schemas.shapes import Schema, completed

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_STARTERS: Final = {"ADK", "handler"}
_KIND_OF_SEVERAL_WORDS: Final = re.compile(r"((?:list|array|sequence) of \w+|\w+ or \w+): ")
LARGEST: Final = 512 * 1024
"""Characters of a module that are read."""


@dataclass(frozen=True)
class Said:
    """What one source says of input and output."""

    input: Schema = field(default_factory=dict)
    output: Schema = field(default_factory=dict)


@dataclass(frozen=True)
class Signature:
    """The two sources that a function is, apart, since they count differently."""

    hints: Said = Said()
    docstring: Said = Said()


def read(source: str) -> Signature:
    """Read a module's `apply`; what cannot be read says nothing."""
    if len(source) > LARGEST:
        return Signature()
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return Signature()
    function = _apply(module)
    if function is None:
        return Signature()
    names = Names(module)
    takes = _first(function)
    hints = Said(
        names.schema(takes.annotation) if takes is not None else {},
        names.schema(function.returns),
    )
    name = takes.arg if takes is not None else ""
    used = _used(function, name)
    hinted = completed(hints.input, used) if hints.input == {"type": "object"} else hints.input
    said = _documented(function, name, names)
    return Signature(Said(hinted, hints.output), said)


def _apply(module: ast.Module) -> _Function | None:
    """The function that is called: the one given to ADK or handler, else `apply`."""
    functions = {
        one.name: one
        for one in module.body
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    for node in ast.walk(module):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = getattr(node.func, "id", getattr(node.func, "attr", ""))
        given = node.args[0]
        if called in _STARTERS and isinstance(given, ast.Name) and given.id in functions:
            return functions[given.id]
    return functions.get("apply")


def _first(function: _Function) -> ast.arg | None:
    every = [*function.args.posonlyargs, *function.args.args]
    return every[0] if every else None


def _used(function: _Function, name: str) -> Schema:
    """The fields that the function takes out of its input: `input["a"]`, `input.get("b", 3)`."""
    properties: dict[str, Schema] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Subscript) and _is_named(node.value, name):
            key = literal(node.slice)
            if isinstance(key, str):
                properties.setdefault(key, {})
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "get"
            and _is_named(node.func.value, name)
            and node.args
        ):
            key = literal(node.args[0])
            default = literal(node.args[1]) if len(node.args) > 1 else None
            if isinstance(key, str):
                properties[key] = {} if default is None else {"default": default}
    return {"type": "object", "properties": properties} if properties else {}


def _is_named(expression: ast.expr, name: str) -> bool:
    return isinstance(expression, ast.Name) and expression.id == name


def _documented(function: _Function, name: str, names: Names) -> Said:
    """A docstring that names the parameter describes it; other names are fields of an object."""
    try:
        parsed = parse(ast.get_docstring(function) or "")
    except ParseError:
        return Said()
    parameters = {argument.arg for argument in function.args.args}
    whole: Schema = {}
    properties: dict[str, Schema] = {}
    required: list[str] = []
    for one in parsed.params:
        if one.arg_name == name:
            whole = _parameter(one, names)
        elif one.arg_name not in parameters:
            key = one.arg_name.removeprefix(f"{name}.")
            properties[key] = _parameter(one, names)
            required += [] if _is_optional(one) else [key]
    if properties:
        whole = {"type": "object", "properties": properties} | (
            {"required": required} if required else {}
        )
    return Said(whole, _returned(parsed, names))


def _parameter(one: DocstringParam, names: Names) -> Schema:
    schema = of_words(one.type_name, names.schema) if one.type_name else {}
    default = literal(_parsed(one.default)) if one.default else None
    if one.description:
        schema["description"] = re.sub(r"\s+", " ", one.description).strip()
    return schema | ({"default": default} if default is not None else {})


def _is_optional(one: DocstringParam) -> bool:
    return bool(one.is_optional or one.default is not None)


def _returned(parsed: Docstring, names: Names) -> Schema:
    if parsed.returns is None:
        return {}
    kind, words = parsed.returns.type_name or "", parsed.returns.description or ""
    if not kind and (found := _KIND_OF_SEVERAL_WORDS.match(words)):
        kind, words = found[1], words[found.end() :]
    schema = of_words(kind, names.schema)
    if words:
        schema["description"] = re.sub(r"\s+", " ", words).strip()
    return schema


def _parsed(text: str) -> ast.expr | None:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return None
