"""What a file looks like, as far as a page can show it: bounded, and nothing that could run."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from itertools import islice
from pathlib import PurePosixPath
from typing import Final

import orjson
from django.utils.translation import gettext as _

from data_collections.content_types import JSON
from data_collections.models import DataFile
from data_collections.storage import Reading
from marketplace.lib import pictures
from marketplace.lib.errors import TooLarge

TEXT_BYTES: Final = 64 * 1024
JSON_BYTES: Final = 256 * 1024
PICTURE_BYTES: Final = 20 * 1024 * 1024
PICTURE_SIDE: Final = 1280
ROWS: Final = 100
COLUMNS: Final = 30
CELL: Final = 200
_PICTURES: Final = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
_SHEETS: Final = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True)
class Preview:
    """`kind` says how to show it: picture, audio, table, json, text, or nothing."""

    kind: str = "nothing"
    text: str = ""
    head: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    is_cut: bool = False


def of(file: DataFile) -> Preview:
    """Look at the beginning of a file; the caller has asked whether it may be read."""
    kind = file.content_type.partition(";")[0].strip()
    if kind in _PICTURES and file.size <= PICTURE_BYTES:
        return Preview("picture")
    if kind.startswith("audio/"):
        return Preview("audio")
    if kind == JSON and file.size <= JSON_BYTES:
        return _json(_beginning(file, JSON_BYTES))
    if kind.startswith("text/") or kind == JSON:
        text = _text(_beginning(file, TEXT_BYTES))
        is_cut = file.size > TEXT_BYTES
        delimiter = _SHEETS.get(PurePosixPath(file.name).suffix.lower())
        return (
            _table(text, delimiter, is_cut) if delimiter else Preview("text", text, is_cut=is_cut)
        )
    return Preview()


def picture(file: DataFile) -> bytes:
    """The picture, drawn anew and made smaller; raise a refusal if it is none that can be read."""
    if file.size > PICTURE_BYTES:
        raise TooLarge(_("This picture is too large to be shown; download it."))
    return pictures.redrawn(_beginning(file, PICTURE_BYTES), side=PICTURE_SIDE, is_square=False)


def _beginning(file: DataFile, most: int) -> bytes:
    return b"".join(Reading(file.blob, end=min(file.size, most)))


def _text(content: bytes) -> str:
    """The text, without the half of a character at its cut end."""
    return content.decode("utf-8", errors="replace").rstrip("\ufffd")


def _json(content: bytes) -> Preview:
    try:
        text = orjson.dumps(orjson.loads(content), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return Preview("text", _text(content))
    return Preview("json", text)


def _table(text: str, delimiter: str, is_cut: bool) -> Preview:
    """Rows of a sheet; as plain text if it is none."""
    try:
        read = list(islice(csv.reader(io.StringIO(text), delimiter=delimiter), ROWS + 2))
    except csv.Error:
        return Preview("text", text, is_cut=is_cut)
    rows = [[cell[:CELL] for cell in row[:COLUMNS]] for row in read if row]
    if is_cut and len(rows) <= ROWS + 1:
        rows = rows[:-1]  # the last line may be half a line
    if not rows:
        return Preview("text", text, is_cut=is_cut)
    is_wide = any(len(row) > COLUMNS for row in read)
    is_long = len(rows) > ROWS + 1
    return Preview("table", "", rows[0], rows[1 : ROWS + 1], is_cut or is_long or is_wide)
