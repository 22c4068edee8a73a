"""The lines in which two commits of an algorithm differ, as something a page can show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from algorithms import git, repositories

MOST_LINES: Final = 4000
"""Lines of all files together that are shown; what is left out is said."""

LINE_LENGTH: Final = 500
_EMPTY_TREE: Final = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_KINDS: Final = {"+": "added", "-": "removed", " ": "same", "@": "place", "\\": "note"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a difference, with its number in the newer file."""

    kind: str
    text: str
    number: int | None = None


@dataclass(slots=True)
class FileDifference:
    path: str
    lines: list[Line] = field(default_factory=list)
    is_binary: bool = False

    @property
    def added(self) -> int:
        return sum(line.kind == "added" for line in self.lines)

    @property
    def removed(self) -> int:
        return sum(line.kind == "removed" for line in self.lines)


@dataclass(frozen=True, slots=True)
class Difference:
    files: list[FileDifference]
    is_cut: bool = False


def between(algorithm_id: UUID, since: str, until: str) -> Difference:
    """What the newer commit changes; everything it holds, if there is no older one."""
    newest = repositories.resolve(algorithm_id, until)
    oldest = repositories.resolve(algorithm_id, since) if since else _EMPTY_TREE
    printed = git.run(
        *("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", oldest, newest),
        repository=repositories.path_of(algorithm_id),
    )
    text = printed.decode(errors="replace").replace("\0", "�")
    lines = text.split("\n")
    return Difference(list(_files(lines[:MOST_LINES])), is_cut=len(lines) > MOST_LINES)


def _files(lines: list[str]) -> Iterator[FileDifference]:
    present: FileDifference | None = None
    is_head, number = True, 0
    for line in lines:
        if line.startswith("diff --git "):
            if present is not None:
                yield present
            present, is_head = FileDifference(line.rpartition(" b/")[2]), True
        elif present is None or not line:
            continue
        elif line.startswith("@@"):
            is_head, number = False, int(line.split("+", 1)[1].split(",")[0].split(" ")[0])
            present.lines.append(Line("place", line[:LINE_LENGTH]))
        elif is_head:
            present.is_binary = present.is_binary or line.startswith("Binary files ")
        else:
            kind = _KINDS.get(line[0], "note")
            is_new = kind in ("added", "same")
            present.lines.append(Line(kind, line[1:LINE_LENGTH], number if is_new else None))
            number += is_new
    if present is not None:
        yield present
