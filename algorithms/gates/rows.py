"""The rows a gate asks: read from a sealed collection of the algorithm's owner, and from nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson
from django.utils.translation import gettext as _

from algorithms.models import Algorithm
from data_collections import uris
from data_collections.locating import file_at
from data_collections.models import Collection, DataFile
from data_collections.storage import Reading
from data_collections.uris import Place
from marketplace.lib.errors import BadInput

MOST_ROWS: Final = 5000
FEWEST_ROWS: Final = 5
MOST_BYTES: Final = 50 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    """What is asked, and what should be answered."""

    input: Any
    expected: Any


@dataclass(frozen=True, slots=True)
class Rows:
    """All of a file, and which bytes they were."""

    rows: tuple[Row, ...]
    sha256: str


def file_of(algorithm: Algorithm, uri: str) -> DataFile:
    """The file at an address, if no algorithm can read it; asks nobody whether they may."""
    path = uris.parse(uri)
    if path.place is not Place.COLLECTION or not path.is_file:
        raise BadInput(_("The rows of a gate are a file: data://owner/collection/file."))
    owner = algorithm.owner
    if path.owner.lower() != owner.name.lower():
        raise BadInput(
            _("The rows of a gate lie in a collection of %(owner)s.") % {"owner": owner.name}
        )
    collections = Collection.objects.hosted().filter(owner=owner).select_related("owner")
    collection = collections.named(path.name).first()
    if collection is None:
        raise BadInput(_("%(owner)s has no collection %(path)s.") % {"owner": owner, "path": path})
    if collection.read_access != Collection.ReadAccess.SEALED:
        raise BadInput(
            _(
                "%(collection)s is not sealed, so algorithms could read what they are judged by. "
                "Set its read access to “Sealed”."
            )
            % {"collection": collection}
        )
    return file_at(path, collection)


def read(algorithm: Algorithm, uri: str) -> Rows:
    """The rows of a gate: a JSON list, or one JSON object a line."""
    file = file_of(algorithm, uri)
    if file.blob.size > MOST_BYTES:
        raise BadInput(
            _("%(rows)s has more than %(most)s MiB.") % {"rows": uri, "most": MOST_BYTES // 1024**2}
        )
    listed = _parsed(b"".join(Reading(file.blob)), uri)
    rows = tuple(_row(given, number, uri) for number, given in enumerate(listed, start=1))
    if not FEWEST_ROWS <= len(rows) <= MOST_ROWS:
        raise BadInput(
            _("%(rows)s has %(count)s rows; a gate takes %(fewest)s to %(most)s.")
            % {"rows": uri, "count": len(rows), "fewest": FEWEST_ROWS, "most": MOST_ROWS}
        )
    return Rows(rows, file.blob.sha256)


def _parsed(content: bytes, uri: str) -> list[Any]:
    try:
        if content.lstrip().startswith(b"["):
            given = orjson.loads(content)
            return given if isinstance(given, list) else []
        return [orjson.loads(line) for line in content.splitlines() if line.strip()]
    except orjson.JSONDecodeError as error:
        raise BadInput(
            _("%(rows)s is neither a JSON list nor a JSON object a line: %(error)s.")
            % {"rows": uri, "error": error}
        ) from None


def _row(given: Any, number: int, uri: str) -> Row:  # noqa: ANN401 - JSON of a stranger
    if not isinstance(given, dict) or not {"input", "expected"} <= given.keys():
        raise BadInput(
            _("Row %(number)s of %(rows)s is an object with input and expected.")
            % {"number": number, "rows": uri}
        )
    return Row(given["input"], given["expected"])
