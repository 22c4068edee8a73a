"""What a repository can be asked beyond its files: where a text stands, and what has changed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from algorithms import git, repositories
from algorithms.git import GitFailed
from marketplace.lib.errors import BadInput

MOST_PLACES: Final = 300
MOST_TEXT: Final = 200
LINE_LENGTH: Final = 300
_PLACE: Final = re.compile(rb"([^\0]+)\0(\d+)\0(.*)")


@dataclass(frozen=True, slots=True)
class Place:
    """A line that holds what was looked for."""

    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class FileChange:
    """How much of a file differs between two commits; None where the file is not text."""

    path: str
    added: int | None
    removed: int | None


def find_text(algorithm_id: UUID, commit: str, text: str, *, is_exact: bool = False) -> list[Place]:
    """The lines of a commit's text files that hold this text, the first few hundred of them."""
    if not text.strip() or len(text) > MOST_TEXT or "\n" in text or "\0" in text:
        raise BadInput(
            _("Look for one line of text, of %(most_text)s characters at most.")
            % {"most_text": MOST_TEXT}
        )
    known = repositories.resolve(algorithm_id, commit)
    case = () if is_exact else ("--ignore-case",)
    command = ("grep", "-n", "-z", "-I", "--fixed-strings", "--full-name", *case, "-e", text, known)
    try:
        printed = git.run(*command, repository=repositories.path_of(algorithm_id))
    except GitFailed:  # its way of saying that there is none
        return []
    found = [_PLACE.fullmatch(line) for line in printed.split(b"\n")]
    return [
        Place(
            path=match[1].decode(errors="replace").partition(":")[2],
            line=int(match[2]),
            text=match[3].decode(errors="replace")[:LINE_LENGTH],
        )
        for match in found[:MOST_PLACES]
        if match
    ]


def changed_files(algorithm_id: UUID, since: str, until: str) -> list[FileChange]:
    """Which files differ between two commits and by how many lines; all of them if `since` is empty."""
    newest = repositories.resolve(algorithm_id, until)
    oldest = repositories.resolve(algorithm_id, since) if since else _empty_tree(algorithm_id)
    printed = git.run(
        *("diff-tree", "-r", "-z", "--numstat", "--no-renames", oldest, newest),
        repository=repositories.path_of(algorithm_id),
    )
    changes = []
    for record in printed.decode(errors="replace").split("\0"):
        if record:
            added, removed, path = record.split("\t", 2)
            changes.append(FileChange(path, _number(added), _number(removed)))
    return changes


def _empty_tree(algorithm_id: UUID) -> str:
    printed = git.run(
        *("hash-object", "-w", "-t", "tree", "--stdin"),
        repository=repositories.path_of(algorithm_id),
    )
    return printed.decode().strip()


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else None
