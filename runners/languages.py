"""What a language offers an author: its description and the files a new algorithm starts from."""

from __future__ import annotations

import io
import tarfile
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from marketplace.lib.errors import NotFound

_FOLDER: Final = Path(__file__).resolve().parent / "environments"
_IGNORED: Final = frozenset({"__pycache__", ".pytest_cache"})


@dataclass(frozen=True, slots=True)
class Language:
    """One folder of `runners/environments`."""

    name: str  # the wire's word
    display_name: str  # with {minor}
    description: str  # with {version}
    configuration_file: str
    base_requirements: tuple[str, ...]


@cache
def get(name: str) -> Language:
    """Read a language's description; raise NotFound for an unknown name."""
    if name not in names():
        raise NotFound(f"There is no language {name} here.")
    with (_FOLDER / name / "environment.toml").open("rb") as file:
        said = tomllib.load(file)
    return Language(
        name=said["language"],
        display_name=said["display_name"],
        description=said["description"],
        configuration_file=said["configuration_file"],
        base_requirements=tuple(said["base_requirements"]),
    )


def title(name: str) -> str:
    """The language as people call it, whatever its version."""
    return get(name).display_name.format(minor="").strip()


@cache
def names() -> tuple[str, ...]:
    """Every language there is a folder for, sorted."""
    return tuple(sorted(path.parent.name for path in _FOLDER.glob("*/environment.toml")))


def render(name: str, *, owner: str, algorithm: str) -> dict[str, bytes]:
    """Give the files of a new algorithm, by path, with its owner's and its own name filled in."""
    return {
        _fill(path, owner, algorithm): _fill(text, owner, algorithm).encode()
        for path, text in _template(name).items()
    }


def archive(name: str) -> bytes:
    """Give the template as a .tar.gz, placeholders unfilled: the wire's form of it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for path, text in _template(name).items():
            content = text.encode()
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            entry.mode = 0o644
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@cache
def _template(name: str) -> dict[str, str]:
    top = _FOLDER / get(name).name / "template"
    return {
        str(path.relative_to(top)): path.read_text()
        for path in sorted(top.rglob("*"))
        if path.is_file() and not _IGNORED.intersection(path.parts)
    }


def _fill(text: str, owner: str, algorithm: str) -> str:
    return text.replace("__USER__", owner).replace("__ALGO__", algorithm)
