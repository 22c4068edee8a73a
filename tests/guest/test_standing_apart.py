"""The guest's own files: old enough for every Python offered, strangers to the platform."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.guest.harness import PYTHONS, SERVE

GUEST = SERVE.parent
ROOT = GUEST.parent.parent
FILES = sorted(GUEST.rglob("*.py"))
OWN = {"_agorithm", "adk"}
AUTHORS = {"Algorithmia", "pytest", "yaml"}
"""Imported only where the author's environment has them."""


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").partition(".")[0])
    return names


def test_guest_runs_on_python_3_6() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from vermin import main; main()",
            "-t=3.6-",
            "--no-tips",
            "--violations",
            str(GUEST),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("version", PYTHONS)
def test_every_file_compiles(version: str) -> None:
    code = "import sys\nfor p in sys.argv[1:]:\n with open(p) as f: compile(f.read(), p, 'exec')"

    done = subprocess.run(
        [PYTHONS[version], "-I", "-W", "error", "-c", code, *map(str, FILES)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(GUEST)))
def test_only_the_standard_library_is_imported(path: Path) -> None:
    assert imported(path) <= set(sys.stdlib_module_names) | OWN | AUTHORS


def test_platform_does_not_import_the_guest() -> None:
    packages = ("marketplace", "projects", "algorithms", "billing", "data_collections", "runners")
    files = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    importing = re.compile(
        r"^\s*(from|import) runners\.guest\b|^from runners import .*\bguest\b", re.MULTILINE
    )

    guilty = [path for path in files if importing.search(path.read_text())]

    assert len(files) > 50
    assert guilty == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(GUEST)))
def test_files_stay_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 350
