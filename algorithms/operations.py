"""Versions with several operations: which one a call wants, and whether its input fits.

Only a contract whose code declares its fields has them (`service`). Their schemas come from the
code itself, so here, and only here, an input that does not fit is refused before anything runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import orjson
from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from algorithms.models import Build
from marketplace.lib.errors import BadInput, NotFound
from runners.specs import Kind

CONTRACT: Final = "service"
_MUCH: Final = 256 * 1024
"""Inputs larger than this are looked through in a thread."""

_MOST_KNOWN: Final = 1000
_SHOWN: Final = 200

Operations = Mapping[str, Mapping[str, Any] | None]
"""Each operation by its name, with the schema of its input; the first is the usual one."""

_validators: dict[tuple[UUID, str], Draft202012Validator] = {}


def of(build: Build) -> Operations:
    """The operations of a build, none if it has only one without a name of its own."""
    if build.contract != CONTRACT:
        return {}
    return {str(one["name"]): one.get("input") for one in build.interface.get("operations", [])}


async def chosen(
    operations: Operations, build_id: UUID, wanted: str, kind: Kind, body: bytes
) -> str:
    """Give the operation that is meant; raise NotFound or BadInput, naming the field.

    Nothing has been run or charged then.
    """
    name = wanted or next(iter(operations))
    if name not in operations:
        raise NotFound(
            _("There is no operation %(wanted)s; there are %(names)s. Nothing was charged.")
            % {"wanted": repr(name[:60]), "names": ", ".join(operations)},
            wire_code=1001,
        )
    schema = operations[name]
    if schema is None:
        return name
    arguments = (_validator(build_id, name, schema), name, kind, body)
    if len(body) > _MUCH:
        await asyncio.to_thread(_check, *arguments)
    else:
        _check(*arguments)
    return name


def _check(validator: Draft202012Validator, name: str, kind: Kind, body: bytes) -> None:
    try:
        value = orjson.loads(body) if kind is Kind.JSON else None
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise BadInput(
            _("%(name)s takes a JSON object of its fields. Nothing was charged.") % {"name": name}
        )
    problem = best_match(validator.iter_errors(value))
    if problem is not None:
        raise BadInput(
            _("%(place)s: %(problem)s. Nothing was charged.")
            % {"place": _place(problem) or name, "problem": problem.message[:_SHOWN].rstrip(".")}
        )


def _place(problem: ValidationError) -> str:
    return ".".join(str(part) for part in problem.absolute_path)


def _validator(build_id: UUID, name: str, schema: Mapping[str, Any]) -> Draft202012Validator:
    known = _validators.get((build_id, name))
    if known is None:
        if len(_validators) >= _MOST_KNOWN:
            _validators.clear()
        known = _validators[build_id, name] = Draft202012Validator(dict(schema))
    return known
