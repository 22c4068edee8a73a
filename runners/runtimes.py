"""The interpreters of this machine: found, asked who they are, and made ready for sandboxes.

Inside a sandbox the interpreter always stands at the same place, so an environment built on
one host runs on every host that has the same interpreter.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from django.conf import settings

from runners import guest_bytecode, runtime_copies
from runners.errors import PlatformFault
from runners.specs import Mount, RunSpec

PYTHON: Final = "/opt/agorithm/python"
ENVIRONMENT: Final = "/opt/agorithm/env"
GUEST: Final = "/opt/agorithm/guest"
SOURCE: Final = "/opt/algorithm"

OLDEST: Final = (3, 6)
_GUEST_FOLDER: Final = Path(__file__).resolve().parent / "guest"
_NAME: Final = re.compile(r"python3\.\d+")
_QUESTION: Final = """
import json, platform, sys, sysconfig
print(json.dumps({
    "implementation": sys.implementation.name,
    "version": list(sys.version_info[:3]),
    "is_final": sys.version_info[3] == "final",
    "prefix": sys.base_prefix,
    "is_shared": bool(sysconfig.get_config_var("Py_ENABLE_SHARED")),
    "platform": "-".join((sysconfig.get_platform(),) + platform.libc_ver()),
}))
"""


@dataclass(frozen=True, slots=True)
class Runtime:
    """An interpreter as this machine has it."""

    slug: str  # python311
    language: str  # the wire's word
    version: str  # 3.11.7
    prefix: str  # on this host
    executable: str  # its name in the prefix's bin
    is_shared: bool  # it needs its libpython beside it
    platform: str  # system, processor and C library, as it names them

    @property
    def minor(self) -> str:
        return ".".join(self.version.split(".")[:2])


@dataclass(frozen=True, slots=True)
class PreparedRuntime:
    """An interpreter that every sandbox on this host can read."""

    runtime: Runtime
    path: Path  # what is mounted at PYTHON
    digest: str  # the same on every host that has the same interpreter

    @property
    def program(self) -> str:
        """The interpreter's path inside a sandbox."""
        return f"{PYTHON}/bin/{self.runtime.executable}"


@cache
def discover() -> list[Runtime]:
    """Find the newest patch of each Python from 3.6 on, oldest first. Asked once per process."""
    newest: dict[str, Runtime] = {}
    for program in _candidates():
        runtime = _ask(program)
        if runtime is None:
            continue
        rival = newest.get(runtime.slug)
        if rival is None or _key(rival) < _key(runtime):
            newest[runtime.slug] = runtime
    return sorted(newest.values(), key=_key)


def find(slug: str) -> Runtime:
    """Give the interpreter of `python311` (or of the environment `python311-gpu`)."""
    name = slug.removesuffix("-gpu")
    for runtime in discover():
        if runtime.slug == name:
            return runtime
    raise PlatformFault(f"This runner has no interpreter for the environment {slug}.")


@cache
def prepare(slug: str) -> PreparedRuntime:
    """Make the interpreter readable for sandboxes; safe to do twice and in two processes."""
    runtime = find(slug)
    digest = runtime_copies.identity(runtime)
    guest_bytecode.write(runtime, _GUEST_FOLDER)
    if runtime.prefix == "/usr":
        return PreparedRuntime(runtime, Path("/usr"), digest)
    folder = Path(settings.DATA_DIR).resolve() / "runtimes"
    path = folder / f"{runtime.slug}-{digest[:16]}"
    runtime_copies.make(runtime, path)
    return PreparedRuntime(runtime, path, digest)


def variables(slug: str) -> tuple[tuple[str, str], ...]:
    """What a program started with this interpreter must have in its environment."""
    runtime = find(slug)
    if not runtime.is_shared or runtime.prefix == "/usr":
        return ()
    return (("LD_LIBRARY_PATH", f"{PYTHON}/lib"),)


def mounts(spec: RunSpec) -> tuple[Mount, ...]:
    """The read-only folders a run sees: interpreter, dependencies, guest and source."""
    data = Path(settings.DATA_DIR).resolve()
    environment = data / "environments" / spec.dependencies
    source = data / "sources" / spec.source
    if not spec.dependencies or not environment.is_dir():
        raise PlatformFault(f"The dependencies of {spec.algorithm} are not on this runner.")
    if not spec.source or not source.is_dir():
        raise PlatformFault(f"The built source of {spec.algorithm} is not on this runner.")
    return (
        Mount(str(prepare(spec.interpreter).path), PYTHON),
        Mount(str(environment), ENVIRONMENT),
        Mount(str(_GUEST_FOLDER), GUEST),
        Mount(str(source), SOURCE),
        *(_file(data, path, target, spec) for path, target in spec.files),
    )


def _file(data: Path, path: str, target: str, spec: RunSpec) -> Mount:
    if not (data / path).is_file():
        raise PlatformFault(f"A file that {spec.algorithm} is set up with is not on this runner.")
    return Mount(str(data / path), target)


def _candidates() -> Iterator[Path]:
    """Programs named like a Python 3, each once. Shell scripts such as pyenv's shims are none."""
    seen: set[Path] = set()
    for folder in _folders():
        for path in sorted(folder.glob("python3.*")):
            program = path.resolve()
            if not _NAME.fullmatch(path.name) or program in seen or not _is_program(program):
                continue
            seen.add(program)
            yield program


def _folders() -> Iterator[Path]:
    pyenv = Path(settings.PYENV_ROOT).expanduser()
    yield from (Path(folder) for folder in os.get_exec_path() if folder)
    yield from sorted(pyenv.glob("versions/*/bin"))
    yield from (Path("/usr/bin"), Path("/usr/local/bin"))
    yield from sorted(Path("/opt").glob("*/bin"))


def _is_program(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"\x7fELF" and os.access(path, os.X_OK)
    except OSError:
        return False


def _ask(program: Path) -> Runtime | None:
    """Let an interpreter say what it is; None if it is not one that can be offered."""
    try:
        answer = subprocess.run(
            [program, "-I", "-S", "-c", _QUESTION],
            capture_output=True,
            check=True,
            timeout=20,
            env={"LANG": "C.UTF-8"},
        )
        said = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    major, minor, patch = said["version"]
    executable = f"python{major}.{minor}"
    is_ours = (Path(said["prefix"]) / "bin" / executable).exists()
    if said["implementation"] != "cpython" or not said["is_final"] or not is_ours:
        return None
    if (major, minor) < OLDEST:
        return None
    return Runtime(
        slug=f"python{major}{minor}",
        language="python3",
        version=f"{major}.{minor}.{patch}",
        prefix=said["prefix"],
        executable=executable,
        is_shared=said["is_shared"],
        platform=said["platform"],
    )


def _key(runtime: Runtime) -> tuple[int, ...]:
    return tuple(int(part) for part in runtime.version.split("."))
