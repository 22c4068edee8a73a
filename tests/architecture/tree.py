"""The files of this project, as its own tests look at them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ("marketplace", "projects", "algorithms", "billing", "data_collections", "runners")
_NOT_OURS = frozenset(
    {".venv", ".git", "var", "node_modules", "vendor", "staticfiles", "__pycache__"}
)
_TEXT = frozenset(
    {".py", ".html", ".css", ".js", ".ts", ".json", ".toml", ".txt", ".md", ".yaml", ".yml", ".sh"}
)
_NAMED = frozenset({"Makefile", "Dockerfile", "run", ".env.example", "build"})

Function = ast.FunctionDef | ast.AsyncFunctionDef


def files() -> Iterator[Path]:
    """Every file of text that we write."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        is_ours = not _NOT_OURS.intersection(parts) and not parts[0].endswith("_cache")
        if is_ours and (path.suffix in _TEXT or path.name in _NAMED) and path.is_file():
            yield path


def modules(*folders: str) -> Iterator[Path]:
    """Python files of these folders, migrations left out."""
    for path in files():
        parts = path.relative_to(ROOT).parts
        if path.suffix == ".py" and parts[0] in folders and "migrations" not in parts:
            yield path


@cache
def functions(path: Path) -> list[Function]:
    nodes = ast.walk(ast.parse(path.read_text()))
    return [node for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))
