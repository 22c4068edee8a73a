"""Reads a Procfile: which processes an app has, and the shell line that starts each.

Three dialects are in use (YAML, Heroku's lines, the buildpacks' specification). What they have in
common is read as they read it: one `name: command` a line, comments, blank lines. Quotes around a
whole command, a habit from YAML, are taken off.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from runners.author_files import is_own_file, read_text
from runners.errors import BuildFailed

FILE: Final = "Procfile"
WEB: Final = "web"
_LARGEST: Final = 64 * 1024
_LINE: Final = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9_-]*)\s*:\s*(\S.*?)\s*")


def is_there(tree: Path) -> bool:
    return is_own_file(tree / FILE, tree)


def read(tree: Path) -> dict[str, str]:
    """The processes of a tree by name; raise BuildFailed naming the line that cannot be read."""
    return parse(read_text(tree, FILE, _LARGEST))


def parse(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, raw in enumerate(text.splitlines(), start=1):
        if not raw.strip() or raw.lstrip().startswith("#"):
            continue
        line = _LINE.fullmatch(raw)
        command = _unwrapped(line[2]) if line is not None else ""
        if line is None or not command:
            raise BuildFailed(
                f"{FILE}, line {number}: {raw.strip()[:200]!r} is no process; write a name, a "
                "colon and a command, such as web: gunicorn run:app."
            )
        if line[1] in found:
            raise BuildFailed(f"{FILE}, line {number}: there is a second process {line[1]}.")
        found[line[1]] = command
    return found


def _unwrapped(command: str) -> str:
    """Without the quotes around all of it; quotes inside are the shell's."""
    quote = command[0]
    is_wrapped = len(command) > 1 and quote in "'\"" and command[-1] == quote
    if is_wrapped and quote not in command[1:-1]:
        return command[1:-1].strip()
    return command
