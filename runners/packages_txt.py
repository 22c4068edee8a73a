"""Reads an author's packages.txt, or DESCRIPTION where there is none: which R packages are asked for.

Where packages come from is the platform's decision, so lines that name a repository or hold code,
which Algorithmia's language pack allowed, are refused with a reason.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from runners import author_files
from runners.errors import BuildFailed

NAME: Final = "packages.txt"
DESCRIPTION: Final = "DESCRIPTION"
_LARGEST: Final = 128 * 1024
_PACKAGE: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9.]*[A-Za-z0-9](?:\s*\(\s*(?:>=|>|==)\s*[0-9][0-9.-]*\s*\))?"
)
_FIELD: Final = re.compile(r"(?m)^(Depends|Imports|LinkingTo):((?:.*)(?:\n[ \t].*)*)")
_REFUSED: Final = {
    "-t": "packages come from the site's CRAN mirror; write the package's name alone.",
    "-g": "builds reach the CRAN mirror only; put the code into src/ and source() it.",
    "-e": "no code runs while packages are installed; write the package's name alone.",
}


def read(tree: Path) -> tuple[str, ...]:
    """What is asked for, each as `name` or `name (>= 1.0)`; nothing if no file says it."""
    if (tree / NAME).exists():
        return tuple(_lines(author_files.read_text(tree, NAME, _LARGEST)))
    if (tree / DESCRIPTION).exists():
        return tuple(_fields(author_files.read_text(tree, DESCRIPTION, _LARGEST)))
    return ()


def name_of(wanted: str) -> str:
    return wanted.partition("(")[0].strip()


def _lines(text: str) -> list[str]:
    found = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.partition("#")[0].strip()
        if not line:
            continue
        refused = _REFUSED.get(line[:2])
        if refused:
            raise BuildFailed(f"{NAME}, line {number}: {line[:100]}: {refused}")
        if not _PACKAGE.fullmatch(line):
            raise BuildFailed(
                f"{NAME}, line {number}: {line[:100]!r} is no name of a package; write one a line."
            )
        found.append(line)
    return found


def _fields(text: str) -> list[str]:
    found = []
    for field, value in _FIELD.findall(text):
        for raw in value.split(","):
            wanted = " ".join(raw.split())
            if not wanted or name_of(wanted) == "R":
                continue
            if not _PACKAGE.fullmatch(wanted):
                raise BuildFailed(
                    f"{DESCRIPTION}, {field}: {wanted[:100]!r} is no name of a package."
                )
            found.append(wanted)
    return found
