"""What an author has declared: `schema.json`, or `input` and `output` atop the README."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from algorithms.schemas.shapes import Schema
from marketplace.lib import plain_yaml
from marketplace.lib.errors import BadInput

FILE: Final = "schema.json"
LARGEST: Final = 200_000
_DEEPEST: Final = 40
_FRONT: Final = re.compile(r"\A---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)


def of_file(text: str) -> tuple[Schema | None, Schema | None]:
    """The two schemas in a schema.json."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise BadInput(
            _("%(file)s is not valid JSON: %(error)s.") % {"file": FILE, "error": error}
        ) from None
    return _both(value, FILE)


def of_readme(text: str) -> tuple[Schema | None, Schema | None]:
    """The two schemas in the front matter of a README; none where it has no such words."""
    found = _FRONT.match(text)
    if found is None:
        return None, None
    try:
        value = plain_yaml.load(found[1])
    except plain_yaml.Unreadable as error:
        raise BadInput(
            _("The front matter of the README is not valid YAML: %(error)s.") % {"error": error}
        ) from None
    if not isinstance(value, dict) or not {"input", "output"} & set(value):
        return None, None
    return _both(value, "The front matter of the README")


def without_front_matter(text: str) -> str:
    """A README as people read it."""
    return _FRONT.sub("", text)


def checked(schema: Any, *, what: str) -> Schema:  # noqa: ANN401 - what an author wrote
    """Give the schema if it is one that can be kept; raise BadInput with the reason."""
    if schema is True:
        return {}
    if not isinstance(schema, Mapping):
        raise BadInput(_("%(what)s is no JSON Schema: a schema is an object.") % {"what": what})
    try:
        text = json.dumps(schema, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        raise BadInput(
            _("%(what)s holds values that JSON does not know.") % {"what": what}
        ) from None
    if len(text) > LARGEST:
        raise BadInput(
            _("%(what)s has %(largest)s characters at most.") % {"what": what, "largest": LARGEST}
        )
    _check_depth(schema, what)
    plain: Schema = json.loads(text)
    try:
        Draft202012Validator.check_schema(plain)
    except SchemaError as error:
        place = "/".join(str(part) for part in error.absolute_path) or "its top"
        raise BadInput(
            _("%(what)s is no JSON Schema: %(message)s (at %(place)s). Nothing was changed.")
            % {"what": what, "message": error.message[:200], "place": place}
        ) from None
    return plain


def written(text: str, *, what: str) -> Schema | None:
    """What somebody typed as a schema; nothing typed is no schema."""
    if not text.strip():
        return None
    try:
        value = json.loads(text)
    except ValueError as error:
        raise BadInput(
            _("%(what)s is not valid JSON: %(error)s.") % {"what": what, "error": error}
        ) from None
    return checked(value, what=what)


def _both(value: object, place: str) -> tuple[Schema | None, Schema | None]:
    if not isinstance(value, dict) or not {"input", "output"} & set(value):
        raise BadInput(
            _('%(place)s is an object with "input", "output" or both, each a JSON Schema.')
            % {"place": place}
        )
    parts = (value.get("input"), value.get("output"))
    names = ("input", "output")
    input_, output = (
        None if part is None else checked(part, what=f"The {name} in {place}")
        for name, part in zip(names, parts, strict=True)
    )
    return input_, output


def _check_depth(value: object, what: str, depth: int = 0) -> None:
    """A schema is shown and compared recursively, and refers to nothing outside itself."""
    if depth > _DEEPEST:
        raise BadInput(
            _("%(what)s is nested more than %(deepest)s levels deep.")
            % {"what": what, "deepest": _DEEPEST}
        )
    children: list[object] = []
    if isinstance(value, Mapping):
        reference = value.get("$ref", "#")
        if isinstance(reference, str) and not reference.startswith("#"):
            raise BadInput(
                _("%(what)s may refer only to its own parts, not to %(reference)s.")
                % {"what": what, "reference": repr(reference[:80])}
            )
        children = list(value.values())
    elif isinstance(value, list):
        children = value
    for child in children:
        _check_depth(child, what, depth + 1)
