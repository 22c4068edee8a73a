"""Refuses a push that would rewrite what was published, or bring what no build could take.

A program of its own: git starts it with the updates on its standard input, while the pushed
objects are visible to it and to nobody else. What it prints is what the pusher reads; ending
with 1 refuses all of the push. The rules come in a file that the server has just written.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

NOTHING = "0" * 40
_MIB = 1024 * 1024


@dataclass(frozen=True)
class Update:
    """One ref that the push wants to move."""

    old: str
    new: str
    ref: str

    @property
    def name(self) -> str:
        return self.ref.removeprefix("refs/heads/").removeprefix("refs/tags/")


@dataclass(frozen=True)
class Rules:
    kept_branches: Sequence[str]
    """Those whose history only grows."""

    kept_commits: dict[str, str]
    """Those a version was built from, and its number."""

    max_file_bytes: int


def main() -> int:
    updates = [Update(*line.split(maxsplit=2)) for line in sys.stdin.read().splitlines()]
    rules = Rules(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    complaint = next(complaints(updates, rules), None)
    if complaint is None:
        return 0
    sys.stderr.write(f"\n{complaint}\nNothing of this push was taken over.\n\n")
    return 1


def complaints(updates: Sequence[Update], rules: Rules) -> Iterator[str]:
    """Why the push is refused, the most helpful reason first."""
    for update in updates:
        yield from _about_place(update)
        if update.name in rules.kept_branches and update.ref.startswith("refs/heads/"):
            yield from _about_history(update)
    yield from _about_lost_commits(updates, rules)
    yield from _about_sizes(updates, rules)


def _about_place(update: Update) -> Iterator[str]:
    if not update.ref.startswith(("refs/heads/", "refs/tags/")):
        yield f"Only branches and tags are kept here, not {update.ref}."


def _about_history(update: Update) -> Iterator[str]:
    if update.new == NOTHING:
        yield f"The branch {update.name} cannot be deleted: builds and versions come from it."
    elif update.old != NOTHING and not _is_ancestor(update.old, update.new):
        yield (
            f"The history of {update.name} cannot be rewritten: builds and versions come from "
            f"it. Bring your commits on top of it (git pull --rebase) and push without --force."
        )


def _about_lost_commits(updates: Sequence[Update], rules: Rules) -> Iterator[str]:
    """Commits of versions that no branch and no tag would lead to any more."""
    before = dict(
        line.split()[::-1]
        for line in _git("for-each-ref", "--format=%(objectname) %(refname)").splitlines()
    )
    after = before | {update.ref: update.new for update in updates}
    moved = [update.old for update in updates if update.old not in (NOTHING, update.new)]
    left = [tip for tip in after.values() if tip != NOTHING]
    if not moved:
        return
    for commit in _reached(moved, without=left):
        if commit in rules.kept_commits:
            yield (
                f"Version {rules.kept_commits[commit]} was built from commit {commit[:8]}, which "
                "no branch would hold after this push. Keep a branch or a tag that does."
            )


def _about_sizes(updates: Sequence[Update], rules: Rules) -> Iterator[str]:
    new = [update.new for update in updates if update.new != NOTHING]
    if not new:
        return
    listed = _git("rev-list", "--objects", "--stdin", "--not", "--all", lines=new)
    asked = "--batch-check=%(objecttype) %(objectsize) %(rest)"
    for line in _git("cat-file", asked, lines=listed.splitlines()).splitlines():
        kind, size, *path = line.split(" ", 2)
        if kind == "blob" and int(size) > rules.max_file_bytes:
            yield (
                f"{path[0] if path else 'A file'} has {int(size) // _MIB} MiB; a file of a "
                f"repository may have {rules.max_file_bytes // _MIB} MiB at most. "
                "Keep models and data in a data collection."
            )


def _is_ancestor(old: str, new: str) -> bool:
    asked = ["git", "merge-base", "--is-ancestor", old, new]
    return subprocess.run(asked, check=False).returncode == 0


def _reached(tips: Iterable[str], *, without: Iterable[str]) -> list[str]:
    lines = [*tips, *(f"^{tip}" for tip in without)]
    return _git("rev-list", "--stdin", lines=lines).split()


def _git(*arguments: str, lines: Iterable[str] = ()) -> str:
    done = subprocess.run(
        ["git", *arguments],
        input="".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"),
        stdout=subprocess.PIPE,
        check=True,
    )
    return done.stdout.decode("utf-8", "replace")


if __name__ == "__main__":
    sys.exit(main())
