"""Reads an author's package.json: which packages are asked for, by name and range of versions.

Where packages come from is the platform's decision, so an address, a folder or a repository in
the place of a version is refused with a reason. What is only for development is left out.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from runners import author_files
from runners.errors import BuildFailed

NAME: Final = "package.json"
LOCK: Final = "package-lock.json"
_LARGEST: Final = 512 * 1024
_LARGEST_LOCK: Final = 8 * 1024 * 1024
_PACKAGE: Final = re.compile(r"(?:@[a-z0-9~-][a-z0-9._~-]*/)?[a-zA-Z0-9~-][a-zA-Z0-9._~-]*")
_ALIAS: Final = re.compile(r"npm:((?:@[^@/]+/)?[^@/]+)(?:@(.*))?")
_RANGE: Final = re.compile(r"[\w.*+~^<>=|\- ]*")
_ASKED: Final = ("dependencies", "optionalDependencies", "peerDependencies")
_ADVICE: Final = (
    "builds reach the package index only: ask for a released version by name, "
    "or put the code into src/."
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an author asks for."""

    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    overrides: dict[str, Any] = field(default_factory=dict)
    lock: dict[str, Any] | None = None  # the author's own, which wins where it fits

    @property
    def names(self) -> list[str]:
        return sorted({name for group in self.asked.values() for name in group})

    def with_more(self, more: dict[str, str]) -> Manifest:
        """The same with packages that are there unless the author asks for them too."""
        missing = {name: said for name, said in more.items() if name not in self.names}
        dependencies = missing | self.asked.get("dependencies", {})
        return Manifest(self.asked | {"dependencies": dependencies}, self.overrides, self.lock)

    def text(self) -> str:
        """A package.json with nothing in it but what is asked for."""
        said: dict[str, Any] = {"name": "algorithm", "version": "0.0.0", "private": True}
        said |= self.asked
        if self.overrides:
            said["overrides"] = self.overrides
        return json.dumps(said, sort_keys=True)


def read(tree: Path) -> Manifest:
    """Read package.json of a tree and the lock beside it; nothing if there is none."""
    if not (tree / NAME).exists():
        return Manifest()
    said = _object(tree, NAME, _LARGEST)
    asked = {}
    for group in _ASKED:
        wanted = said.get(group, {})
        if not isinstance(wanted, dict):
            raise BuildFailed(f"{NAME}: {group} must be an object of names and versions.")
        asked[group] = {name: _version(group, name, value) for name, value in wanted.items()}
    overrides = said.get("overrides", {})
    if not isinstance(overrides, dict):
        raise BuildFailed(f"{NAME}: overrides must be an object.")
    _check_overrides(overrides)
    return Manifest({name: group for name, group in asked.items() if group}, overrides, _lock(tree))


def is_name(name: str) -> bool:
    """Whether a package can be called so."""
    return len(name) <= 214 and _PACKAGE.fullmatch(name) is not None


def _version(group: str, name: str, value: object) -> str:
    if not is_name(name):
        raise BuildFailed(f"{NAME}: {group}: {name[:100]!r} cannot be the name of a package.")
    if not isinstance(value, str):
        raise BuildFailed(f'{NAME}: {group}: {name} needs a version in quotes, such as "^1.0.0".')
    alias = _ALIAS.fullmatch(value)
    if alias and _PACKAGE.fullmatch(alias[1]) and _RANGE.fullmatch(alias[2] or ""):
        return value
    if not _RANGE.fullmatch(value):
        raise BuildFailed(f"{NAME}: {group}: {name}: {value[:100]!r} is no version; {_ADVICE}")
    return value


def _check_overrides(overrides: dict[str, Any]) -> None:
    for name, value in overrides.items():
        if isinstance(value, dict):
            _check_overrides(value)
        elif not isinstance(value, str) or not (_RANGE.fullmatch(value) or value.startswith("$")):
            raise BuildFailed(f"{NAME}: overrides: {name[:100]} is no version; {_ADVICE}")


def _lock(tree: Path) -> dict[str, Any] | None:
    if not (tree / LOCK).exists():
        return None
    said = _object(tree, LOCK, _LARGEST_LOCK)
    if said.get("lockfileVersion") not in (2, 3):
        return None  # one of npm before 7: package.json decides
    return said


def _object(tree: Path, name: str, largest: int) -> dict[str, Any]:
    content = author_files.read_bytes(tree, name, largest)
    try:
        said = json.loads(content)
    except json.JSONDecodeError as error:
        where = f"{name}, line {error.lineno}"
        raise BuildFailed(f"{where}: this is not valid JSON: {error.msg}.") from None
    except (ValueError, RecursionError):
        raise BuildFailed(f"{name} is not a text file in UTF-8.") from None
    if not isinstance(said, dict):
        raise BuildFailed(f"{name} must be an object.")
    return said
