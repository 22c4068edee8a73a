"""What no file of ours may hold: a place on somebody's machine, or a registry's host name."""

from __future__ import annotations

import re
from pathlib import Path

from tests.architecture.tree import files, name_of

# A letter in brackets keeps this file from holding what it looks for.
_PLACES = r"(?<![\w.])/(?:[w]ork/(?:main|shared|\.library)|[r]oot/\.|[h]ome/\w+/)"
_REGISTRIES = (
    r"[p]ypi\.org|[p]ythonhosted\.org|[n]pmjs\.(?:org|com)"
    r"|(?:deb|ftp|archive|security)\.(?:[d]ebian|[u]buntu)\.(?:org|com)"
)
FORBIDDEN = re.compile(f"{_PLACES}|{_REGISTRIES}")
UNFINISHED = re.compile(r"\b(?:[T]ODO|[F]IXME|[X]XX)\b")


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name_of(path)}:{number}: {line.strip()[:120]}"
        for path in files()
        for number, line in enumerate(_text(path).splitlines(), start=1)
        if pattern.search(line)
    ]


def test_no_file_names_a_machine_or_a_registry() -> None:
    assert lines_with(FORBIDDEN) == []


def test_nothing_is_left_unfinished() -> None:
    assert lines_with(UNFINISHED) == []


def _text(path: Path) -> str:
    return path.read_text(errors="replace")
