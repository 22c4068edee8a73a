"""What `data://owner/collection/file` and its relatives mean: read from text, and written back.

Folders do not nest, as on the wire we are compatible with: a path is an owner, a collection
and a file. Names are the database's business and never a path on a disk; they are checked
all the same, because clients make local files of them.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import unquote

from marketplace.lib import names
from marketplace.lib.errors import BadInput, NotFound

LONGEST_FILE_NAME: Final = 255
_LONGEST_PATH: Final = 1000
_CONNECTOR: Final = re.compile(r"(azureblob|data|dropbox|gs|s3)(\+[a-zA-Z0-9]{1,60})?\Z")
_CONNECTOR_URI: Final = re.compile(
    r"(?P<connector>[a-z0-9]+(?:\+[^/:]*)?)://?(?P<rest>.*)\Z", re.DOTALL
)
_STORES: Final = ("temp", "perm")
_DEFAULT: Final = "default"
_CONTROLS: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_JOINERS: Final = frozenset("\u200c\u200d")  # emoji and several scripts are written with them


class Place(StrEnum):
    """What kind of thing a path leads to."""

    ROOT = "root"
    OWNER = "owner"
    COLLECTION = "collection"
    SESSION = "session"
    ALGORITHMS = "algorithms"  # the folders above an algorithm's stores
    STORE = "store"
    DEFAULT = "default"  # the collection that the running algorithm was assigned


@dataclass(frozen=True)
class DataPath:
    """A path that is well formed; whether anything is there, and for whom, is not asked here."""

    place: Place
    owner: str = ""
    """Empty for `.my`, and for the algorithm that is running in `.algo/temp/…`."""
    name: str = ""
    """Of the collection, or of the algorithm."""
    store: str = ""
    """temp, perm or default."""
    file: str = ""

    @property
    def is_file(self) -> bool:
        return bool(self.file)

    @property
    def folder(self) -> DataPath:
        """The path without its file."""
        return DataPath(self.place, self.owner, self.name, self.store)

    def __str__(self) -> str:
        return "data://" + "/".join(part for part in self._parts() if part)

    def _parts(self) -> tuple[str, ...]:
        match self.place:
            case Place.ROOT:
                return ()
            case Place.SESSION:
                return (".session", self.file)
            case Place.OWNER | Place.COLLECTION:
                return (self.owner or ".my", self.name, self.file)
            case _:
                return (".algo", self.owner, self.name, self.store, self.file)


def parse(uri: str) -> DataPath:
    """Read `data://owner/collection/file`, with or without the `data://`."""
    if len(uri) > _LONGEST_PATH:
        raise BadInput(f"A data path may have {_LONGEST_PATH} characters at most.")
    bare = uri.removeprefix("data://").removeprefix("/").removesuffix("/")
    connector = _CONNECTOR_URI.match(bare)
    if connector:
        raise no_connector(connector["connector"])
    return _read(bare.split("/")) if bare else DataPath(Place.ROOT)


def parse_connector(connector: str, path: str) -> DataPath:
    """Read the other spelling of an address, `/v1/connector/data/owner/collection/file`."""
    if connector != "data":
        raise no_connector(connector)
    return parse(path)


def no_connector(connector: str) -> BadInput | NotFound:
    """Why nothing can be reached through this connector."""
    if not _CONNECTOR.match(connector):
        return BadInput(
            f"{connector[:60]!r} is not a data source: it is data, s3, gs, azureblob or dropbox, "
            "perhaps with +label."
        )
    return NotFound(
        f"No connector {connector!r} is configured for your account, so nothing can be read or "
        "written through it. Hosted data is at data://owner/collection/file."
    )


def checked_file_name(text: str) -> str:
    """Give the name in its composed Unicode form; raise BadInput if it cannot be a file's."""
    name = unicodedata.normalize("NFC", text)
    if not name or len(name.encode(errors="replace")) > LONGEST_FILE_NAME:
        raise BadInput(f"A file name has 1 to {LONGEST_FILE_NAME} bytes.")
    if name != name.strip():
        raise BadInput(f"The file name {_shown(name)} may not begin or end with a space.")
    refuse_disguises(name)
    return name


def _read(parts: list[str]) -> DataPath:
    if any(not part for part in parts):
        raise BadInput("A data path may not hold an empty part (two slashes in a row).")
    for part in parts:
        refuse_disguises(part)
    if parts[0] == ".session":
        return _session(parts)
    if parts[0] == ".algo":
        return _algorithm_store(parts[1:])
    if len(parts) > 3:
        raise BadInput(
            "Collections have no folders inside: a file is at data://owner/collection/file. "
            "Put a further level into the file's name, with _ or - instead of /."
        )
    owner = "" if parts[0] == ".my" else names.checked(parts[0], what="owner")
    if len(parts) == 1:
        return DataPath(Place.OWNER, owner)
    collection = names.checked(parts[1], what="collection")
    file = checked_file_name(parts[2]) if len(parts) == 3 else ""
    return DataPath(Place.COLLECTION, owner, collection, file=file)


def _session(parts: list[str]) -> DataPath:
    if len(parts) > 2:
        raise BadInput("A session has no folders inside: a file is at data://.session/file.")
    return DataPath(Place.SESSION, file=checked_file_name(parts[1]) if len(parts) == 2 else "")


def _algorithm_store(parts: list[str]) -> DataPath:
    if parts and parts[0] in (*_STORES, _DEFAULT) and len(parts) <= 2:
        place = Place.DEFAULT if parts[0] == _DEFAULT else Place.STORE
        file = checked_file_name(parts[1]) if len(parts) == 2 else ""
        return DataPath(place, store=parts[0], file=file)
    owner = names.checked(parts[0], what="owner") if parts else ""
    name = names.checked(parts[1], what="algorithm") if len(parts) > 1 else ""
    if len(parts) < 3:
        return DataPath(Place.ALGORITHMS, owner, name)
    if parts[2] not in _STORES or len(parts) > 4:
        raise BadInput(
            "An algorithm's data is at data://.algo/owner/name/temp/file or …/perm/file."
        )
    file = checked_file_name(parts[3]) if len(parts) == 4 else ""
    return DataPath(Place.STORE, owner, name, parts[2], file)


def refuse_disguises(part: str) -> None:
    """Refuse what could mean another path to somebody who decodes or folds it once more."""
    for shape in _readings(part):
        if shape in (".", ".."):
            raise BadInput("A data path may not hold the parts . and ..")
        if any(character in "/\\" for character in shape):
            raise BadInput(f"The name {_shown(part)} hides a slash or backslash.")
        if any(_is_unprintable(character) for character in shape):
            raise BadInput(f"The name {_shown(part)} holds a character that cannot be printed.")


def _readings(part: str) -> set[str]:
    decoded = {part}
    for _ in range(3):
        part = unquote(part)
        decoded.add(part)
    return decoded | {unicodedata.normalize("NFKC", text) for text in decoded}


def _is_unprintable(character: str) -> bool:
    if character in _JOINERS:
        return False
    return character == "\ufffd" or unicodedata.category(character) in _CONTROLS


def _shown(name: str) -> str:
    return ascii(name[:60])
