"""What a service's setup is given: checked by the types its code declares, with files at hand.

A file is named by its `data://` address. When the service goes online its bytes are laid out
below DATA_DIR, by their content, and shown read-only in the sandbox, where setup gets a path.
"""

from __future__ import annotations

import copy
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from django.conf import settings
from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from algorithms.models import Build
from data_collections import files, storage, uris
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import BadInput
from projects.models import Launch, Service
from runners.contracts.surroundings import FILES

FOLDER: Final = "option_files"
_MOST_BYTES: Final = 100 * 1000  # one variable of the environment holds them
_YOUNG_SECONDS: Final = 3600.0
_PLAIN: Final = re.compile(r"[^\w.-]+", re.ASCII)
_FOLDER: Final = re.compile(r"\w[\w-]{0,119}\Z", re.ASCII)

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Options as setup gets them, and which files must be shown where."""

    options: dict[str, Any]
    files: list[list[str]]


def schema_of(service: Service) -> Schema | None:
    """The options that its code declares, of its version or the newest build that succeeded.

    None where nothing is known yet; without properties if there are none.
    """
    build = service.version.build if service.version else newest_build(service)
    return None if build is None else of_build(build)


def newest_build(service: Service) -> Build | None:
    found: Build | None = service.algorithm.builds.succeeded().first()
    return found


def of_build(build: Build) -> Schema:
    return build.interface.get("options") or {"type": "object", "properties": {}}


def for_form(schema: Schema) -> dict[str, Any]:
    """The schema as forms draw it: where a file is wanted, one can be chosen and uploaded."""
    drawn = copy.deepcopy(dict(schema))
    for one in drawn.get("properties", {}).values():
        if isinstance(one, dict) and one.get("x-widget") == "file":
            one |= {"type": "string", "format": "file"}
    return drawn


def checked(given: Mapping[str, Any], schema: Schema | None, *, by: Actor) -> dict[str, Any]:
    """The options, if setup can be given them; raise BadInput that names the one that is wrong."""
    if len(orjson.dumps(given)) > _MOST_BYTES:
        raise BadInput(_("The options have 100 kB at most; put what is larger into a file."))
    values = {name: value for name, value in given.items() if value is not None}
    if schema is None:
        return values
    known = schema.get("properties", {})
    unknown = next((name for name in values if name not in known), None)
    if unknown is not None:
        names = ", ".join(known) or _("none")
        raise BadInput(
            _("There is no option %(name)s; there are %(names)s.")
            % {"name": repr(unknown[:60]), "names": names}
        )
    for name, value in values.items():
        problem = best_match(Draft202012Validator(dict(known[name])).iter_errors(value))
        if problem is not None:
            raise BadInput(
                _("%(name)s: %(problem)s.")
                % {"name": name, "problem": problem.message[:200].rstrip(".")}
            )
    for name, path in _files(values, schema):
        _check_extension(name, path, known[name])
        files.find(uris.parse(path), by=by)
    return values


def prepared(values: Mapping[str, Any], schema: Schema, *, by: Actor) -> Prepared:
    """Lay out the files that the options name; raise BadInput for one that is missing."""
    options, shown = dict(values), []
    for number, (name, path) in enumerate(_files(values, schema)):
        found = files.find(uris.parse(path), by=by)
        plain = _PLAIN.sub("_", found.name)[-120:]
        place = Path(FOLDER) / found.blob.sha256 / plain
        _lay_out(Path(settings.DATA_DIR) / place, storage.Reading(found.blob))
        folder = name if _FOLDER.match(name) else f"option-{number}"  # the name is an author's
        target = f"{FILES}/{folder}/{plain}"
        shown.append([str(place), target])
        options[name] = target
    for name, one in schema.get("properties", {}).items():
        if name not in options and one.get("default") is None:
            raise BadInput(
                _("The option %(name)s is missing: say it on the service's page.")
                % {"name": repr(name)}
            )
        options.setdefault(name, one.get("default"))
    return Prepared(options, shown)


def sweep() -> None:
    """Remove files that no service needs any more."""
    folder = Path(settings.DATA_DIR) / FOLDER
    if not folder.is_dir():
        return
    wanted = {
        Path(path).parent.name
        for shown in Launch.objects.live().values_list("files", flat=True)
        for path, _target in shown
    }
    for one in folder.iterdir():
        is_young = time.time() - one.stat().st_mtime < _YOUNG_SECONDS
        if one.name not in wanted and not is_young:
            for path in one.iterdir():
                path.unlink(missing_ok=True)
            one.rmdir()


def _files(values: Mapping[str, Any], schema: Schema) -> Iterator[tuple[str, str]]:
    """The options that are files of a collection, with their addresses."""
    for name, one in schema.get("properties", {}).items():
        value = values.get(name)
        if one.get("x-widget") == "file" and isinstance(value, str) and value.startswith("data://"):
            yield name, value


def _check_extension(name: str, path: str, one: Schema) -> None:
    wanted = one.get("x-accept")
    if wanted and not path.endswith(str(wanted)):
        raise BadInput(
            _("%(name)s: %(path)s does not end with %(wanted)s.")
            % {"name": name, "path": path[:200], "wanted": wanted}
        )


def _lay_out(place: Path, content: storage.Reading) -> None:
    if place.is_file():
        content.close()
        os.utime(place.parent)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(prefix=".unfinished-", dir=place.parent)
    with os.fdopen(handle, "wb") as file:
        for chunk in content:
            file.write(chunk)
    Path(unfinished).chmod(0o444)
    Path(unfinished).rename(place)
