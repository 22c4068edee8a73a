"""Reads an author's requirements.txt: what is asked for, and in which line something is wrong.

Only names, versions and markers are taken. Where packages come from is the platform's
decision, so lines that name an index, an address or a folder are refused with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from runners import author_files
from runners.errors import BuildFailed

NAME: Final = "requirements.txt"
_LARGEST: Final = 512 * 1024
_DEEPEST: Final = 8
_CREDENTIALS: Final = re.compile(r"://[^/\s@]*@")
_COMMENT: Final = re.compile(r"(^|\s)#.*$")
_AS_OF: Final = re.compile(r"#\s*as of\s+(\d{4}-\d{2}-\d{2})\s*$", re.IGNORECASE)
_HASH: Final = re.compile(r"\s--hash[= ]\S+")
_NO_INDEX: Final = "Packages come from the platform's own index; remove this line."
_NO_ADDRESS: Final = (
    "builds reach the package index only: ask for a released version by name, "
    "or put the code into src/."
)
_REFUSED_OPTIONS: Final = {
    "-i": _NO_INDEX,
    "--index-url": _NO_INDEX,
    "--extra-index-url": _NO_INDEX,
    "--find-links": _NO_INDEX,
    "-f": _NO_INDEX,
    "--no-index": _NO_INDEX,
    "--trusted-host": _NO_INDEX,
    "-e": "An editable requirement cannot be installed here; put the code into src/.",
    "--editable": "An editable requirement cannot be installed here; put the code into src/.",
    "--no-binary": "Wheels are always preferred here; remove this line.",
}
_IGNORED_OPTIONS: Final = frozenset({"--prefer-binary", "--only-binary", "--require-hashes"})


@dataclass(frozen=True, slots=True)
class Requirements:
    """What an author asks for."""

    lines: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    takes_prereleases: bool = False
    names: frozenset[str] = frozenset()  # normalised
    as_of: str = ""  # 2017-04-30: no release of a later day is taken

    def with_more(self, lines: tuple[str, ...]) -> Requirements:
        """The same with what a contract needs besides, unless the author asks for it already."""
        named = [(line, canonicalize_name(_requirement(line).name)) for line in lines]
        more = {name: line for line, name in named if name not in self.names}
        return replace(self, lines=(*self.lines, *more.values()), names=self.names | set(more))


@dataclass(frozen=True, slots=True)
class _Line:
    """One logical line and where it stands."""

    text: str
    file: str
    number: int

    def wrong(self, why: str) -> BuildFailed:
        shown = _CREDENTIALS.sub("://…@", self.text)
        return BuildFailed(f"{self.file}, line {self.number}: {shown}: {why}")


def read(tree: Path) -> Requirements:
    """Read requirements.txt of a tree and the files it names; nothing if there is none."""
    if not (tree / NAME).exists():
        return Requirements()
    as_of = _day(author_files.read_text(tree, NAME, _LARGEST))
    wanted: list[str] = []
    constraints: list[str] = []
    names: set[str] = set()
    takes_prereleases = False
    for line, is_constraint in _expand(tree, NAME, is_constraint=False, depth=0):
        if line.text.split()[0] == "--pre":
            takes_prereleases = True
            continue
        requirement = _parse(line)
        (constraints if is_constraint else wanted).append(line.text)
        if not is_constraint:
            names.add(canonicalize_name(requirement.name))
    return Requirements(
        tuple(wanted), tuple(constraints), takes_prereleases, frozenset(names), as_of
    )


def is_dated(text: str) -> bool:
    """Whether the file asks for the releases of a day."""
    return any(_AS_OF.match(line) for line in text.splitlines())


def dated(text: str, day: date) -> str:
    """The same requirements with the line that asks for the releases of a day."""
    rest = "".join(line for line in text.splitlines(keepends=True) if not _AS_OF.match(line))
    return f"# as of {day.isoformat()}\n{rest}"


def _requirement(line: str) -> Requirement:
    try:
        return Requirement(line)
    except InvalidRequirement:
        raise BuildFailed(f"{line[:100]!r} is not a requirement.") from None


def check_lock(text: str) -> None:
    """Refuse a lock with anything but pinned names, hashes and markers in it."""
    for line in _logical_lines(text, "the lock"):
        pinned = _parse(line)
        specifiers = list(pinned.specifier)
        is_exact = len(specifiers) == 1 and specifiers[0].operator in ("==", "===")
        if not is_exact or not _HASH.search(line.text):
            raise line.wrong("it is not pinned to one version with hashes.")


def _day(text: str) -> str:
    """The day in a line `# as of 2017-04-30`, which every installer takes for a comment."""
    for number, line in enumerate(text.splitlines(), start=1):
        found = _AS_OF.match(line)
        if found is not None:
            try:
                return date.fromisoformat(found[1]).isoformat()
            except ValueError:
                raise _Line(line.strip(), NAME, number).wrong("there is no such day.") from None
    return ""


def _expand(
    tree: Path, name: str, *, is_constraint: bool, depth: int
) -> Iterator[tuple[_Line, bool]]:
    """Give each line of a file and of those it includes, and whether it only constrains."""
    for line in _logical_lines(author_files.read_text(tree, name, _LARGEST), name):
        option, _, value = line.text.replace("=", " ", 1).partition(" ")
        if option in ("-r", "--requirement", "-c", "--constraint"):
            included = _included(tree, name, value.strip(), line)
            if depth >= _DEEPEST:
                raise line.wrong("files include one another too deeply.")
            constrains = is_constraint or option in ("-c", "--constraint")
            yield from _expand(tree, included, is_constraint=constrains, depth=depth + 1)
        elif option in _REFUSED_OPTIONS:
            raise line.wrong(_REFUSED_OPTIONS[option])
        elif option not in _IGNORED_OPTIONS:
            yield line, is_constraint


def _included(tree: Path, name: str, value: str, line: _Line) -> str:
    path = (tree / name).parent / value
    if not path.resolve().is_relative_to(tree.resolve()) or not path.is_file():
        raise line.wrong("there is no such file in the algorithm.")
    return str(path.resolve().relative_to(tree.resolve()))


def _logical_lines(text: str, name: str) -> Iterator[_Line]:
    """Join continued lines, drop comments and blanks."""
    pending = ""
    start = 0
    for number, raw in enumerate(text.splitlines(), start=1):
        start = start or number
        if raw.endswith("\\"):
            pending += raw[:-1] + " "
            continue
        joined = _COMMENT.sub("", pending + raw).strip()
        if joined:
            yield _Line(" ".join(joined.split()), name, start)
        pending, start = "", 0
    if joined := _COMMENT.sub("", pending).strip():
        yield _Line(joined, name, start)


def _parse(line: _Line) -> Requirement:
    text = _HASH.sub("", line.text).strip()
    if _CREDENTIALS.search(text):
        raise line.wrong("it holds a user name or password; remove it, and change the password.")
    if text.startswith("-"):
        raise line.wrong("this option is not understood here; remove it.")
    if text.startswith((".", "/", "git+", "hg+", "svn+", "bzr+")) or re.match(r"\w+://", text):
        raise line.wrong(_NO_ADDRESS)
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        raise line.wrong(f"this is not a requirement.{_advice(text)}") from None
    if requirement.url:
        raise line.wrong(_NO_ADDRESS)
    return requirement


def _advice(text: str) -> str:
    name, equals, version = text.partition("=")
    if equals and not version.startswith("="):
        return f" Did you mean {name.strip()}=={version.strip()}?"
    return ""
