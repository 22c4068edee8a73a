"""Make billing/stripe_double/schema.json.gz again from the installed stripe package.

    python deploy/stripe_schema.py

Stripe generates the package's types from its own specification, so walking them gives it back
for exactly the API version that the package pins. Which operations are in it is taken from the
present file, and so are the lengths and patterns that the types do not say. To add an
operation, name it: `python deploy/stripe_schema.py "get /v1/coupons"`.
"""

# ruff: noqa: ANN401, INP001, PLR0911, RUF063, S307 - types are looked at as values, and named by text

from __future__ import annotations

import ast
import datetime as dt
import decimal
import gzip
import importlib
import json
import sys
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import stripe
import typing_extensions
from stripe._list_object import ListObject
from stripe._request_options import RequestOptions
from stripe._search_result_object import SearchResultObject
from stripe._stripe_object import StripeObject, UntypedStripeObject
from stripe.v2._list_object import ListObject as ListObjectV2

Json = dict[str, Any]
PLACE: Final = Path(__file__).parents[1] / "billing" / "stripe_double" / "schema.json.gz"
ROOT: Final = Path(stripe.__file__).parent
CARRIED: Final = ("maxLength", "format", "pattern")
_REF: Final = "#/components/schemas/"
_HOSTS: Final = {
    "meter_events": "https://meter-events.stripe.com",
    "files": "https://files.stripe.com",
    "connect": "https://connect.stripe.com",
}
_UNIONS: Final = (typing.Union, types.UnionType)
_OPTIONAL: Final = (typing_extensions.NotRequired, typing.NotRequired)
_MARKS: Final = (*_OPTIONAL, typing_extensions.Required, typing.Required)
_LITERALS: Final = (typing.Literal, typing_extensions.Literal)
_SIMPLE: Final[dict[Any, Json]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    decimal.Decimal: {"type": "string", "format": "decimal"},
    dt.datetime: {"type": "string", "format": "date-time"},
    type(None): {"nullable": True},
}


@dataclass(frozen=True)
class Method:
    """A method of one of the package's services: what it sends where."""

    module: str
    params: str | None
    answer: str
    base: str


def methods() -> dict[tuple[str, str], Method]:
    """Every request that the package can make, by verb and path."""
    found = {}
    for path in sorted(ROOT.rglob("*_service.py")):
        module = "stripe." + ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                for call in _requests(function):
                    key, base = _target(call)
                    found[key] = Method(module, _params(function), _returned(function), base)
    return found


def _requests(function: ast.FunctionDef) -> Iterator[ast.Call]:
    for call in ast.walk(function):
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr == "_request"
        ):
            yield call


def _target(call: ast.Call) -> tuple[tuple[str, str], str]:
    verb, path = call.args[0], call.args[1]
    template: Any = path.value if isinstance(path, ast.Constant) else path.func.value.value  # type: ignore[attr-defined]
    given = {one.arg: one.value for one in call.keywords}
    base = given.get("base_address")
    return (verb.value, template), base.value if isinstance(base, ast.Constant) else "api"  # type: ignore[attr-defined, return-value]


def _params(function: ast.FunctionDef) -> str | None:
    for one in (*function.args.args, *function.args.kwonlyargs):
        if one.arg == "params" and one.annotation is not None:
            return ast.unparse(one.annotation).replace("Optional[", "").strip("]'\"")
    return None


def _returned(function: ast.FunctionDef) -> str:
    return ast.unparse(function.returns).strip("'\"") if function.returns else "None"


@cache
def names_in(module: str) -> dict[str, Any]:
    """A module's names, and those it imports for its types only."""
    loaded = importlib.import_module(module)
    names = dict(vars(loaded))
    for node in ast.walk(ast.parse(Path(str(loaded.__file__)).read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("stripe"):
            other = importlib.import_module(node.module)
            for one in node.names:
                if hasattr(other, one.name):
                    names.setdefault(one.asname or one.name, getattr(other, one.name))
    return names


def resolved(kind: Any, names: dict[str, Any]) -> Any:
    if isinstance(kind, typing.ForwardRef):
        kind = kind.__forward_arg__
    return eval(kind, names) if isinstance(kind, str) else kind


class Document:
    """The schemas that the chosen operations need, one after the other."""

    def __init__(self) -> None:
        self.schemas: dict[str, Json] = {}

    def of(self, kind: Any, names: dict[str, Any], *, is_answer: bool) -> Json:
        kind = resolved(kind, names)
        if kind in _SIMPLE:
            return dict(_SIMPLE[kind])
        if kind is Any or kind is object:
            return {}
        if typing_extensions.is_typeddict(kind):
            return self._params(kind)
        if isinstance(kind, type) and issubclass(kind, StripeObject):
            return self._resource(kind)
        return self._composed(kind, names, is_answer=is_answer)

    def _composed(self, kind: Any, names: dict[str, Any], *, is_answer: bool) -> Json:
        origin, inner = typing.get_origin(kind), typing.get_args(kind)
        if origin in _MARKS:
            return self.of(inner[0], names, is_answer=is_answer)
        if origin in _LITERALS:
            simple = {str: "string", int: "integer", bool: "boolean"}[type(inner[0])]
            return {"type": simple, "enum": list(inner)}
        if origin is list:
            return {"type": "array", "items": self.of(inner[0], names, is_answer=is_answer)}
        if origin is dict:
            return {
                "type": "object",
                "additionalProperties": self.of(inner[1], names, is_answer=is_answer),
            }
        if origin is UntypedStripeObject:
            return {
                "type": "object",
                "additionalProperties": self.of(inner[0], names, is_answer=is_answer),
            }
        if origin in (ListObject, ListObjectV2, SearchResultObject):
            return _listing(origin, self.of(inner[0], names, is_answer=is_answer))
        if origin in _UNIONS:
            return self._union(inner, names, is_answer=is_answer)
        if kind is bytes or "IO" in str(kind):
            return {"type": "string", "format": "binary"}
        raise TypeError(f"{kind!r} is a type that this does not know.")

    def _union(self, given: tuple[Any, ...], names: dict[str, Any], *, is_answer: bool) -> Json:
        options = _flat([resolved(one, names) for one in given], names)
        is_nullable = type(None) in options
        options = [one for one in options if one is not type(None)]
        has_object = any(isinstance(one, type) and issubclass(one, StripeObject) for one in options)
        if is_answer and str in options and has_object:
            # An id, or the object that it is expanded to: which one is not followed further.
            made: Json = {"anyOf": [{"type": "string"}, {"type": "object"}], "x-expandable": True}
            return made | ({"nullable": True} if is_nullable else {})
        literals = [
            v
            for one in options
            if typing.get_origin(one) in _LITERALS
            for v in typing.get_args(one)
        ]
        rest = [one for one in options if typing.get_origin(one) not in _LITERALS]
        if any(typing.get_origin(one) is dict for one in rest):
            rest = [one for one in rest if typing.get_origin(one) is not UntypedStripeObject]
        schemas = []
        if literals and not (str in rest and set(literals) == {""}):
            choice: Json = {"type": "string", "enum": list(dict.fromkeys(literals))}
            if str in rest:
                choice["x-open-enum"] = True
                rest = [one for one in rest if one is not str]
            schemas.append(choice)
        schemas += [self.of(one, names, is_answer=is_answer) for one in rest]
        found = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
        if is_nullable:
            return (
                {"allOf": [found], "nullable": True}
                if "$ref" in found
                else {**found, "nullable": True}
            )
        return found

    def _params(self, kind: Any) -> Json:
        name = _name(kind, "param.")
        if name not in self.schemas:
            self.schemas[name] = {}
            self.schemas[name] = self.params(kind)
        return {"$ref": _REF + name}

    def params(self, kind: Any) -> Json:
        """What a request may hold, and nothing else."""
        names, fields, required = names_in(kind.__module__), {}, []
        hints: dict[str, Any] = {}
        for base in reversed([one for one in kind.__mro__ if hasattr(one, "__annotations__")]):
            hints |= base.__annotations__
        for name, hint in hints.items():
            if name in RequestOptions.__annotations__:
                continue
            found = resolved(hint, names)
            fields[name] = self.of(found, names, is_answer=False)
            if typing.get_origin(found) not in _OPTIONAL:
                required.append(name)
        made: Json = {"type": "object", "properties": fields, "additionalProperties": False}
        return made | ({"required": required} if required else {})

    def _resource(self, kind: Any) -> Json:
        name = _name(kind, "")
        if name not in self.schemas:
            self.schemas[name] = {}
            names, fields, required = names_in(kind.__module__), {}, []
            for field, hint in _fields(kind):
                found = resolved(hint, names)
                if typing.get_origin(found) is typing.ClassVar:
                    continue
                fields[field] = self.of(found, names, is_answer=True)
                is_optional = typing.get_origin(found) in _UNIONS and type(None) in typing.get_args(
                    found
                )
                if not is_optional and field != "deleted":
                    required.append(field)
            made: Json = {"type": "object", "properties": fields}
            if required:
                made["required"] = required
            if hasattr(kind, "OBJECT_NAME"):
                made["x-resourceId"] = kind.OBJECT_NAME
            self.schemas[name] = made
        return {"$ref": _REF + name}


def _fields(kind: Any) -> Iterator[tuple[str, Any]]:
    for base in reversed(kind.__mro__):
        is_ours = isinstance(base, type) and issubclass(base, StripeObject)
        if not is_ours or base.__module__ in ("stripe._stripe_object", "stripe._api_resource"):
            continue
        for name, hint in base.__dict__.get("__annotations__", {}).items():
            if not name.startswith("_") and name != "OBJECT_NAME" and "ClassVar" not in str(hint):
                yield name, hint


def _flat(options: list[Any], names: dict[str, Any]) -> list[Any]:
    flat = []
    for one in options:
        is_union = typing.get_origin(one) in _UNIONS
        flat += [resolved(inner, names) for inner in typing.get_args(one)] if is_union else [one]
    return flat


def _listing(origin: Any, item: Json) -> Json:
    fields: Json = {"data": {"type": "array", "items": item}}
    if origin is ListObjectV2:
        text = {"type": "string", "nullable": True}
        fields |= {"next_page_url": text, "previous_page_url": text}
        return {"type": "object", "required": ["data"], "properties": fields}
    name = "list" if origin is ListObject else "search_result"
    fields |= {
        "object": {"type": "string", "enum": [name]}, "has_more": {"type": "boolean"},
        "url": {"type": "string"}, "total_count": {"type": "integer"},
        "next_page": {"type": "string", "nullable": True},
    }  # fmt: skip
    return {
        "type": "object",
        "required": ["data", "has_more", "object", "url"],
        "properties": fields,
    }


def _name(kind: Any, prefix: str) -> str:
    module = kind.__module__.replace("stripe.", "").replace("params.", "")
    version = "v2." if ".v2." in kind.__module__ else ""
    package = ".".join(one for one in module.split(".") if not one.startswith("_") and one != "v2")
    return f"{prefix}{version}{package + '.' if package else ''}{kind.__qualname__}"


def operation(document: Document, verb: str, path: str, method: Method) -> Json:
    names = names_in(method.module)
    made: Json = {"operationId": f"{verb} {path}", "parameters": []}
    for part in path.split("/"):
        if part.startswith("{"):
            text = {"type": "string", "maxLength": 5000}
            made["parameters"].append(
                {"name": part[1:-1], "in": "path", "required": True, "schema": text}
            )
    if method.params:
        kind = resolved(method.params, names)
        if verb in ("get", "delete"):
            schema = document.params(kind)
            made["parameters"] += [
                {
                    "name": name,
                    "in": "query",
                    "required": name in schema.get("required", ()),
                    "schema": one,
                }
                for name, one in schema["properties"].items()
            ]
        else:
            media = (
                "application/json"
                if path.startswith("/v2/")
                else "application/x-www-form-urlencoded"
            )
            body = document.of(kind, names, is_answer=False)
            made["requestBody"] = {"content": {media: {"schema": body}}}
    answer: Json = {"description": "ok"}
    if method.answer != "None":
        schema = document.of(method.answer, names, is_answer=True)
        answer["content"] = {"application/json": {"schema": schema}}
    made["responses"] = {"200": answer}
    if method.base in _HOSTS:
        made["servers"] = [{"url": _HOSTS[method.base]}]
    return made


def carry_over(new: Any, old: Any) -> None:
    """Take the lengths and patterns of what has been there before."""
    if isinstance(new, dict) and isinstance(old, dict):
        for name in CARRIED:
            if name in old and new.get("type") == "string" and isinstance(old[name], (str, int)):
                new.setdefault(name, old[name])
        for name in new.keys() & old.keys():
            carry_over(new[name], old[name])
    elif isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        for one, before in zip(new, old, strict=True):
            carry_over(one, before)


def make(more: list[str]) -> Json:
    present = json.loads(gzip.decompress(PLACE.read_bytes()))
    wanted = {(verb, path) for path, verbs in present["paths"].items() for verb in verbs}
    wanted |= {(verb, path) for verb, _, path in (one.partition(" ") for one in more)}
    known, document = methods(), Document()
    paths: dict[str, Json] = {}
    for verb, path in sorted(wanted):
        paths.setdefault(path, {})[verb] = operation(document, verb, path, known[verb, path])
    made = {
        "openapi": "3.0.3",
        "info": {
            "title": "Stripe's API as the stripe package has it, reduced",
            "version": stripe.api_version,
            "x-stripe-python": stripe.VERSION,
            "license": {"name": "MIT"},
        },
        "paths": paths,
        "components": {"schemas": document.schemas},
    }
    carry_over(made["components"], present["components"])
    carry_over(paths, present["paths"])
    return made


if __name__ == "__main__":
    text = json.dumps(make(sys.argv[1:]), separators=(",", ":"), sort_keys=True)
    PLACE.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    sys.stdout.write(f"{PLACE.name} says {stripe.VERSION}, {stripe.api_version}\n")
