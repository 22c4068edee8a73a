"""Resolves and installs R packages: names, a lock of what R brings and what CRAN has, a library.

CRAN has sources only, so installing runs code of strangers, in a sandbox of its own as for a Python
package without a wheel, and only where that is allowed.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runners import packages_txt, workshop
from runners.errors import BuildFailed
from runners.workshop import FOLDER, NOTES, Workshop

HEADER: Final = "# R\n"
_SCRIPTS: Final = Path(__file__).resolve().parent / "environments" / "r"
_LOCKED: Final = re.compile(r"([A-Za-z0-9.]+)==([0-9.-]+) (here|md5:[0-9a-f]{32})")
_CANNOT: Final = re.compile(r"(?m)^cannot: (.+)$")


@dataclass(frozen=True, slots=True)
class CranLock:
    """Packages in the order in which they are installed; `here` are those that R brings."""

    text: str  # with its first line

    @property
    def packages(self) -> list[str]:
        return re.findall(r"(?m)^[A-Za-z0-9.]+==[0-9.-]+", self.text)

    @property
    def needs_sources(self) -> bool:
        return " md5:" in self.text

    def digest(self, base: str) -> str:
        return hashlib.sha256(f"R 1\n{base}\n{self.text}".encode()).hexdigest()

    def notes(self) -> dict[str, str]:
        script = (_SCRIPTS / "install.R").read_text()
        return {"lock.txt": self.text.removeprefix(HEADER), "install.R": script}

    def commands(self, shop: Workshop) -> list[list[str]]:
        del shop
        return [_command("install.R")]

    def explain(self, output: str) -> str:
        return f"The packages could not be installed: {_reason(output)}"


@dataclass(frozen=True, slots=True)
class CranQuestion:
    """Everything that decides what a lock will be, besides what the mirror holds."""

    wanted: tuple[str, ...]
    base: str  # digest of the interpreter, with the packages it brings
    may_use_sources: bool

    def __str__(self) -> str:
        return ", ".join(self.wanted) or "none"

    @property
    def digest(self) -> str:
        parts = ["r", sorted(self.wanted), self.base, self.may_use_sources]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def resolve(self, shop: Workshop) -> Generator[str, None, CranLock]:
        folder = Path(tempfile.mkdtemp(prefix="resolve-"))
        try:
            workshop.write_note(folder, "wanted.txt", "\n".join((*self.wanted, "")))
            workshop.write_note(folder, "resolve.R", (_SCRIPTS / "resolve.R").read_text())
            result = yield from workshop.run(shop, folder, [_command("resolve.R")], is_quiet=True)
            text = workshop.read_note(folder, "lock.txt")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if result.exit.code != 0:
            raise BuildFailed(f"The packages could not be resolved: {_reason(result.output)}")
        lock = _checked(text)
        if lock.needs_sources:
            self._require_sources_allowed(shop)
        return lock

    def _require_sources_allowed(self, shop: Workshop) -> None:
        if not self.may_use_sources:
            raise BuildFailed(
                "CRAN's packages are built from source, which is switched off here; use those that "
                "come with R."
            )
        if shop.index.has_credentials:
            raise BuildFailed(
                "CRAN's packages cannot be built here: code of strangers would see the password of "
                "the mirror."
            )


def ask(tree: Path, *, base: str, more: tuple[str, ...], may_use_sources: bool) -> CranQuestion:
    """What the tree asks for, with what every environment has."""
    wanted = packages_txt.read(tree)
    names = {packages_txt.name_of(one) for one in wanted}
    missing = tuple(name for name in more if name not in names)
    return CranQuestion((*wanted, *missing), base, may_use_sources)


def _command(script: str) -> list[str]:
    notes = f"{FOLDER}/{NOTES}"
    quiet = ["--no-echo", "--no-restore", "--no-save", "--no-site-file", "--no-init-file"]
    return ["R", *quiet, f"--file={notes}/{script}", "--args", notes]


def _checked(text: str) -> CranLock:
    for line in text.splitlines():
        if not _LOCKED.fullmatch(line):
            raise BuildFailed(f"R wrote a lock that cannot be read: {line[:100]!r}.")
    return CranLock(HEADER + text)


def _reason(output: str) -> str:
    said = _CANNOT.findall(output)
    if said:
        lines = [line for line in output.splitlines() if line.startswith("ERROR")]
        return " ".join([said[-1], *lines[-1:]])
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return " ".join(lines[-3:])[:600] or "R said nothing."
