"""What a path inside an algorithm's repository may look like, and what it may not do."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

from django.utils.translation import gettext as _

from marketplace.lib.errors import BadInput

MAX_PATH_BYTES: Final = 1000
MAX_PART_BYTES: Final = 200
MAX_DEPTH: Final = 20


def checked(path: str) -> str:
    """Return the path if a file may be there, else raise BadInput that says why not."""
    problem = _problem(path)
    if problem is not None:
        shown = path[:100].encode("utf-8", "replace").decode()
        raise BadInput(
            _("A file cannot be named %(shown)s: %(problem)s.")
            % {"shown": repr(shown), "problem": problem}
        )
    return path


def check_together(paths: Iterable[str]) -> None:
    """Raise BadInput if one of the paths is also a folder of another."""
    taken = set(paths)
    for path in sorted(taken):
        parts = path.split("/")
        for depth in range(1, len(parts)):
            folder = "/".join(parts[:depth])
            if folder in taken:
                raise BadInput(
                    _("%(folder)s cannot be a file and a folder (of %(path)s) at once.")
                    % {"folder": repr(folder), "path": repr(path)}
                )


def _problem(path: str) -> str | None:
    try:
        parts = [part.encode() for part in path.split("/")]
    except UnicodeEncodeError:
        return "it is not valid Unicode"
    size = sum(map(len, parts)) + len(parts) - 1
    problems = {
        "write it relative to the top of the repository": not path or path.startswith("/"),
        "it is too long": size > MAX_PATH_BYTES or max(map(len, parts)) > MAX_PART_BYTES,
        f"it is more than {MAX_DEPTH} folders deep": len(parts) > MAX_DEPTH,
        "it holds a backslash": "\\" in path,
        "it holds a character that cannot be seen": any(map(_is_unseen, path)),
        "it has an empty part or leads out of its folder": any(
            part in (b"", b".", b"..") for part in parts
        ),
        "git keeps that name for itself": any(map(_is_git_folder, path.split("/"))),
    }
    return next((problem for problem, found in problems.items() if found), None)


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")


def _is_git_folder(part: str) -> bool:
    """Also as file systems that ignore letter case, trailing dots or short names would see it."""
    plain = unicodedata.normalize("NFKC", part).casefold().rstrip(". ").partition(":")[0]
    return plain == ".git" or plain.startswith("git~")
