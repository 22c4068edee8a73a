"""Stripe's own types: which operations exist, what they take, and what they answer.

`schema.json.gz` is an OpenAPI document made from the installed stripe package by
`deploy/stripe_schema.py`, so it says exactly what that package's API version says.
"""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

from billing.stripe_double.refusals import Refusal, invalid

Json = dict[str, Any]
PATH: Final = Path(__file__).with_name("schema.json.gz")
_REF: Final = len("#/components/schemas/")
_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = "application/json"
_LIST: Final[Json] = {"object": "list", "data": [], "has_more": False, "url": "/v1"}


@dataclass(frozen=True)
class Operation:
    """One verb at one path, with the schemas of its parameters and its answer."""

    verb: str
    path: str
    pattern: re.Pattern[str]
    query: Json
    form: Json | None
    json: Json | None
    answer: Json

    @property
    def name(self) -> str:
        return f"{self.verb} {self.path}"


class Schema:
    """The document, ready to route requests, to check them, and to make empty objects."""

    def __init__(self, document: Json) -> None:
        self.version: str = document["info"]["version"]
        self.package: str = document["info"]["x-stripe-python"]
        self._schemas: dict[str, Json] = document["components"]["schemas"]
        operations = [
            _operation(verb, path, described)
            for path, verbs in document["paths"].items()
            for verb, described in verbs.items()
        ]
        # What is written out goes before what a parameter matches.
        self.operations = sorted(operations, key=lambda one: (one.path.count("{"), one.path))
        self._resources = {
            described["x-resourceId"]: name
            for name, described in self._schemas.items()
            if "x-resourceId" in described
        }

    def find(self, verb: str, path: str) -> tuple[Operation, tuple[str, ...]]:
        """Give the operation and what its path's parameters are."""
        for operation in self.operations:
            found = operation.pattern.match(path) if operation.verb == verb else None
            if found:
                return operation, found.groups()
        raise Refusal(
            404,
            "invalid_request_error",
            f"Unrecognized request URL ({verb.upper()}: {path}); this double does not know it.",
        )

    def read_query(self, operation: Operation, query: str) -> Json:
        return self._checked(operation.query, brackets(query))

    def read_form(self, operation: Operation, body: str) -> Json:
        if operation.form is not None:
            return self._checked(operation.form, brackets(body))
        if body:
            name = next(iter(brackets(body)))
            raise invalid(f"Received unknown parameter: {name}", "parameter_unknown", name)
        return {}

    def read_json(self, operation: Operation, body: str) -> Json:
        given: object = json.loads(body or "{}")
        if operation.json is None:
            return {}
        value: Json = self._check(operation.json, given, "", is_form=False)
        return value

    def resource_of(self, operation: Operation) -> tuple[str | None, bool]:
        """Give the kind of object that it answers with, and whether it is a list of them."""
        answer = self._follow(operation.answer)
        properties = answer.get("properties", {})
        is_list = "data" in properties and (
            "has_more" in properties or "next_page_url" in properties
        )
        if is_list:
            answer = self._follow(properties["data"]["items"])
        return answer.get("x-resourceId"), is_list

    def fields_of(self, kind: str) -> Json:
        fields: Json = self._schemas[self._resources[kind]]["properties"]
        return fields

    def blank(self, kind: str) -> Json:
        """An object of this kind in which every field is null, empty or zero."""
        made: Json = self._blank({"$ref": f"#/components/schemas/{self._resources[kind]}"})
        return made

    def faults_in(self, operation: Operation, answer: object) -> list[str]:
        """What is wrong with an answer of ours, judged by Stripe's types."""
        return self._faults(operation.answer, answer, operation.name)

    def _follow(self, schema: Json) -> Json:
        while "$ref" in schema or "allOf" in schema:
            inner = schema["allOf"][0] if "allOf" in schema else schema
            schema = self._schemas[inner["$ref"][_REF:]] if "$ref" in inner else inner
        return schema

    def _checked(self, schema: Json, value: Json) -> Json:
        checked: Json = self._check(schema, value, "", is_form=True)
        return checked

    def _check(self, schema: Json, value: object, at: str, *, is_form: bool) -> Any:  # noqa: ANN401
        """Refuse what the schema does not allow; of a form, also turn text into values."""
        if value is None and schema.get("nullable"):
            return None
        schema = self._follow(schema)
        if "anyOf" in schema:
            return self._check_any(schema["anyOf"], value, at, is_form=is_form)
        match schema.get("type"):
            case "object":
                return self._check_object(schema, value, at, is_form=is_form)
            case "array":
                return self._check_array(schema, value, at, is_form=is_form)
            case None:
                return value
            case simple:
                return _scalar(simple, schema, value, at, is_form=is_form)

    def _check_any(self, options: list[Json], value: object, at: str, *, is_form: bool) -> object:
        is_deep = isinstance(value, (dict, list))
        deep_ones = [self._follow(one).get("type") in ("object", "array") for one in options]
        ordered = [one for one, deep in zip(options, deep_ones, strict=True) if deep == is_deep]
        ordered += [one for one, deep in zip(options, deep_ones, strict=True) if deep != is_deep]
        refusals = []
        for option in ordered:
            try:
                return self._check(option, value, at, is_form=is_form)
            except Refusal as refusal:
                refusals.append(refusal)
        raise refusals[0]

    def _check_array(self, schema: Json, value: object, at: str, *, is_form: bool) -> list[object]:
        if is_form and isinstance(value, dict):
            value = [
                value[key]
                for key in sorted(value, key=lambda key: int(key) if key.isdigit() else 0)
            ]
        if is_form and value == "":
            value = []
        if not isinstance(value, list):
            raise invalid("Invalid array", None, at)
        items = schema.get("items", {})
        return [
            self._check(items, one, f"{at}[{n}]", is_form=is_form) for n, one in enumerate(value)
        ]

    def _check_object(self, schema: Json, value: object, at: str, *, is_form: bool) -> Json:
        if is_form and value == "":
            return {}
        if not isinstance(value, dict):
            raise invalid("Invalid object", None, at)
        fields, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        checked = {}
        for name, one in value.items():
            place = f"{at}[{name}]" if at else name
            if name not in fields and others is False:
                raise invalid(f"Received unknown parameter: {place}", "parameter_unknown", place)
            inner = fields.get(name, others if isinstance(others, dict) else {})
            checked[name] = self._check(inner, one, place, is_form=is_form)
        for name in schema.get("required", ()):
            if name not in value:
                place = f"{at}[{name}]" if at else name
                raise invalid(f"Missing required param: {place}.", "parameter_missing", place)
        return checked

    def _blank(self, schema: Json) -> Any:  # noqa: ANN401
        if schema.get("nullable"):
            return None
        schema = self._follow(schema)
        if "anyOf" in schema:
            return self._blank(schema["anyOf"][0])
        if "enum" in schema:
            return schema["enum"][0]
        if schema.get("type") == "object":
            fields = schema.get("properties", {})
            if "data" in fields and "has_more" in fields:
                return dict(_LIST, data=[])
            # `deleted` is there on what has been deleted only.
            return {name: self._blank(one) for name, one in fields.items() if name != "deleted"}
        empty = {"string": "", "integer": 0, "number": 0, "boolean": False, "array": []}
        value = empty.get(schema.get("type", ""))
        return list(value) if isinstance(value, list) else value

    def _faults(self, schema: Json, value: object, at: str) -> list[str]:
        if value is None:
            return [] if schema.get("nullable") or not schema else [f"{at} is null"]
        schema = self._follow(schema)
        if "anyOf" in schema:
            each = [self._faults(one, value, at) for one in schema["anyOf"]]
            return [] if any(not one for one in each) else each[0]
        kinds: dict[str, Any] = {
            "string": str, "integer": int, "boolean": bool, "number": (int, float),
            "array": list, "object": dict,
        }  # fmt: skip
        expected = kinds.get(schema.get("type", ""), object)
        if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
            return [f"{at} is {value!r} instead of {schema['type']}"]
        if isinstance(value, list):
            inner = schema.get("items", {})
            return [
                one
                for n, item in enumerate(value)
                for one in self._faults(inner, item, f"{at}[{n}]")
            ]
        if isinstance(value, dict):
            return self._faults_of_object(schema, value, at)
        closed = "enum" in schema and not schema.get("x-open-enum")
        return (
            [f"{at} is {value!r}, which is no choice"]
            if closed and value not in schema["enum"]
            else []
        )

    def _faults_of_object(self, schema: Json, value: Json, at: str) -> list[str]:
        fields, others = schema.get("properties", {}), schema.get("additionalProperties")
        # Each type of thin event has fields of its own.
        is_closed = (
            bool(fields) and others is None and schema.get("x-resourceId") != "v2.core.event"
        )
        faults = [
            f"{at}.{name} is missing" for name in schema.get("required", ()) if name not in value
        ]
        for name, one in value.items():
            if name in fields:
                faults += self._faults(fields[name], one, f"{at}.{name}")
            elif isinstance(others, dict):
                faults += self._faults(others, one, f"{at}.{name}")
            elif is_closed:
                faults.append(f"{at}.{name} is unknown")
        return faults


@lru_cache(maxsize=1)
def load() -> Schema:
    """Read the document once for the process."""
    return Schema(json.loads(gzip.decompress(PATH.read_bytes())))


def brackets(body: str) -> Json:
    """`a[b][0]=c` → `{"a": {"b": {"0": "c"}}}`."""
    made: Json = {}
    for name, value in parse_qsl(body, keep_blank_values=True):
        keys = re.findall(r"[^\[\]]+", name) or [name]
        inner = made
        for key in keys[:-1]:
            following = inner.setdefault(key, {})
            if not isinstance(following, dict):
                raise invalid(f"Invalid parameter: {name}", None, name)
            inner = following
        if name.endswith("[]"):
            inner = inner.setdefault(keys[-1], {})
            keys.append(str(len(inner)))
        inner[keys[-1]] = value
    return made


def _operation(verb: str, path: str, described: Json) -> Operation:
    parameters = [one for one in described.get("parameters", ()) if one["in"] == "query"]
    bodies = described.get("requestBody", {}).get("content", {})
    answers = described["responses"]["200"].get("content", {})
    return Operation(
        verb,
        path,
        re.compile("^" + re.sub(r"\{[^}]+\}", "([^/]+)", path) + "$"),
        query={
            "type": "object",
            "additionalProperties": False,
            "properties": {one["name"]: one["schema"] for one in parameters},
            "required": [one["name"] for one in parameters if one.get("required")],
        },
        form=bodies[_FORM]["schema"] if _FORM in bodies else None,
        json=bodies[_JSON]["schema"] if _JSON in bodies else None,
        answer=answers.get(_JSON, {}).get("schema", {}),
    )


def _scalar(kind: str, schema: Json, value: object, at: str, *, is_form: bool) -> object:
    match kind:
        case "string":
            return _string(schema, value, at)
        case "integer" if is_form and isinstance(value, str) and re.fullmatch(r"-?\d+", value):
            value = int(value)
        case "boolean" if is_form and value in ("true", "false"):
            value = value == "true"
        case "number" if (
            is_form and isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value)
        ):
            value = float(value)
    allowed: dict[str, Any] = {"integer": int, "boolean": bool, "number": (int, float)}
    if not isinstance(value, allowed[kind]) or (kind == "integer" and isinstance(value, bool)):
        raise invalid(f"Invalid {kind}: {value}", f"parameter_invalid_{kind}", at)
    return value


def _string(schema: Json, value: object, at: str) -> str:
    if not isinstance(value, str):
        raise invalid(f"Invalid string: {value!r}", "parameter_invalid_string", at)
    if "enum" in schema and value not in schema["enum"]:
        choices = ", ".join(schema["enum"])[:200]
        raise invalid(f"Invalid {at}: must be one of {choices}", None, at)
    if len(value) > schema.get("maxLength", len(value)):
        raise invalid(f"Invalid string: {at} is too long", "parameter_invalid_string", at)
    return value
