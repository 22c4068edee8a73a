"""The R of this machine: the system's, and those that stand apart in /opt/R."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from runners import interpreters, runtime_copies
from runners.interpreters import Runtime

LANGUAGE: Final = "r"
OLDEST: Final = (3, 6)
_PROGRAM: Final = Path("bin", "exec", "R")
_HOME: Final = re.compile(r"(?m)^R_HOME_DIR=.*$")
_LEFT_BEHIND: Final = frozenset(
    {
        "doc",
        "html",
        "tests",
        "demo",
        "Renviron.site",
        "Rprofile.site",
    }  # the last two are the host's
)
_QUESTION: Final = """
libraries <- file.path(R.home(), c("library", "site-library"))
have <- installed.packages(lib.loc = libraries[dir.exists(libraries)])[, c("Package", "Version")]
cat(sprintf('{"version": "%s.%s", "platform": "%s", "packages": "%s"}\\n',
  R.version$major, R.version$minor, R.version$platform,
  paste(sort(paste0(have[, 1], "==", have[, 2])), collapse = " ")))
"""


@cache
def discover() -> list[Runtime]:
    """The newest patch of each release, oldest first."""
    return interpreters.newest_of_each(_found())


def identity(runtime: Runtime) -> str:
    """Name it by its program, its version, and the packages that come with it."""
    prefix = Path(runtime.prefix)
    hasher = hashlib.sha256(f"R {runtime.version} {runtime.platform}\n".encode())
    hasher.update(hashlib.sha256((prefix / _PROGRAM).read_bytes()).digest())
    said = _ask(prefix) or {}
    hasher.update(said.get("packages", "").encode())
    return hasher.hexdigest()


def fill(runtime: Runtime, target: Path) -> None:
    """Copy R's home, whose settings are often links into the host's /etc, and tell it where it is."""
    prefix = Path(runtime.prefix)
    for folder in ("bin", "etc", "include", "lib", "library", "modules", "share", "site-library"):
        if (prefix / folder).is_dir():
            runtime_copies.take_tree(prefix / folder, target / folder, without=_LEFT_BEHIND)
    start = target / "bin" / "R"
    text = start.read_text()
    start.unlink()
    start.write_text(_HOME.sub("R_HOME_DIR=/opt/agorithm/runtime", text))
    start.chmod(0o755)


def _found() -> Iterator[Runtime]:
    for home in _homes():
        said = _ask(home)
        if said is None:
            continue
        numbers = said["version"].split(".")
        if tuple(map(int, numbers[:2])) < OLDEST:
            continue
        yield Runtime(
            slug=f"r{numbers[0]}{numbers[1]}",
            language=LANGUAGE,
            version=said["version"],
            prefix=str(home),
            executable="R",
            is_shared=True,
            platform=said["platform"],
        )


def _homes() -> Iterator[Path]:
    """R's homes: `R RHOME` of each R on the way; a script there is what starts the program."""
    seen: set[Path] = set()
    folders = [*interpreters.usual_folders(), *sorted(Path("/opt/R").glob("*/bin"))]
    for folder in folders:
        script = folder / "R"
        if not script.is_file() or script.resolve() in seen:
            continue
        seen.add(script.resolve())
        printed = interpreters.ask([str(script), "RHOME"])
        home = Path(printed.strip()) if printed else Path()
        if printed and home not in seen and interpreters.is_program(home / _PROGRAM):
            seen.add(home)
            yield home


def _ask(home: Path) -> dict[str, str] | None:
    command = [str(home / "bin" / "R"), "--no-echo", "--vanilla", "-e", _QUESTION]
    printed = interpreters.ask(command)
    try:
        said = json.loads(printed) if printed else None
    except ValueError:
        return None
    return (
        said if isinstance(said, dict) and re.fullmatch(r"\d+\.\d+\.\d+", said["version"]) else None
    )
