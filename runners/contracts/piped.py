"""The `apply` contract in other languages than Python, as Algorithmia's language packs had it.

Python stays inside such a sandbox as the platform's half: it speaks with the host, carries the
relay and keeps what is printed. The author's interpreter is a process beside it that reads one
frame and writes one (`runners/guest/piping.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from runners.author_files import is_own_file
from runners.contracts import surroundings
from runners.contracts.base import Detected
from runners.errors import BuildFailed
from runners.specs import MIB, RunSpec

_GUEST: Final = "/opt/agorithm/guest"
_RUNTIME: Final = surroundings.RUNTIME
_OUTSIDE_THE_HEAP: Final = 64 * MIB
"""What Node.js and our own half need besides JavaScript's objects, at the least."""


@dataclass(frozen=True, slots=True)
class Piped:
    """How algorithms of one language are recognised and started."""

    title: str
    suffixes: tuple[str, ...]
    entrance: re.Pattern[bytes]
    wanted: str  # what a file must define, in words
    command: tuple[str, ...]

    def started(self, spec: RunSpec) -> list[str]:
        heap = (spec.limits.memory - max(_OUTSIDE_THE_HEAP, spec.limits.memory // 8)) // MIB
        return [word.replace("{heap}", str(max(32, heap))) for word in self.command]


LANGUAGES: Final = {
    "javascript": Piped(
        title="Node.js",
        suffixes=(".js", ".mjs", ".cjs"),
        entrance=re.compile(
            rb"\bexports\.apply\s*=|\bexports\s*=\s*\{[^}]*\bapply\b|\bexports\[.apply.\]"
            rb"|^export\s+(?:async\s+)?function\s*\*?\s*apply\b"
            rb"|^export\s+(?:const|let|var)\s+apply\b|^export\s*\{[^}]*\bapply\b"
            rb"|^export\s+default\b",
            re.MULTILINE,
        ),
        wanted="exports a function apply(input, cb)",
        command=(
            f"{_RUNTIME}/bin/node",
            "--max-old-space-size={heap}",
            f"{_GUEST}/node/pipe.cjs",
        ),
    ),
    "r": Piped(
        title="R",
        suffixes=(".r", ".R"),
        entrance=re.compile(rb"^\s*algorithm\s*(?:<-|=)|\bgetAlgorithmHandler\s*\(", re.MULTILINE),
        wanted="defines a function algorithm(input)",
        command=(
            f"{_RUNTIME}/bin/exec/R",
            *("--no-echo", "--no-restore", "--no-save", "--no-site-file", "--no-init-file"),
            f"--file={_GUEST}/r/pipe.R",
            "--args",
        ),
    ),
}


def is_piped(language: str) -> bool:
    return language in LANGUAGES


def detect(tree: Path, language: str) -> Detected | None:
    """Find the one file in src/ that can be called; algorithmia.conf says which, if there are several."""
    piped = LANGUAGES[language]
    files = dict(_files(tree, piped))
    named = _named_in_configuration(tree)
    for suffix in piped.suffixes:
        if f"src/{named}{suffix}" in files:
            return Detected("apply", f"src/{named}{suffix}")
    entrances = [name for name, path in files.items() if piped.entrance.search(path.read_bytes())]
    if len(entrances) > 1:
        raise BuildFailed(
            f"Several files could be called: {', '.join(entrances)}. "
            'Name the right one in algorithmia.conf: {"algoname": "…"}.'
        )
    return Detected("apply", entrances[0]) if entrances else None


def missing(language: str) -> str:
    piped = LANGUAGES[language]
    return f"no {piped.suffixes[0]} file in src/ {piped.wanted}, and {piped.title} is its language"


def told(spec: RunSpec) -> dict[str, Any]:
    return {
        "contract": spec.contract,
        "module": spec.module,
        "command": LANGUAGES[spec.language].started(spec),
        "libraries": f"{_RUNTIME}/lib" if spec.language == "r" else "",
    }


def _files(tree: Path, piped: Piped) -> Iterator[tuple[str, Path]]:
    for path in sorted((tree / "src").glob("*")):
        if path.suffix in piped.suffixes and is_own_file(path, tree) and not _is_test(path.stem):
            yield f"src/{path.name}", path


def _is_test(stem: str) -> bool:
    return stem.endswith(("_test", ".test", "-test")) or stem.startswith(("test_", "test-"))


def _named_in_configuration(tree: Path) -> str | None:
    path = tree / "algorithmia.conf"
    if not is_own_file(path, tree):
        return None
    try:
        said = json.loads(path.read_bytes())
    except ValueError as error:
        raise BuildFailed(f"algorithmia.conf is not valid JSON: {error}.") from None
    name = said.get("algoname") if isinstance(said, dict) else None
    if name is not None and not isinstance(name, str):
        raise BuildFailed('In algorithmia.conf, "algoname" must be the name of a file in src/.')
    return name
