"""The interpreters of this machine: found, asked who they are, and made ready for sandboxes.

Inside a sandbox the interpreter always stands at the same place, so an environment built on
one host runs on every host that has the same interpreter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from runners import (
    guest_bytecode,
    image_runtimes,
    interpreters,
    node_runtimes,
    r_runtimes,
    runtime_copies,
)
from runners.errors import PlatformFault
from runners.interpreters import Runtime
from runners.specs import Mount, RunSpec

PYTHON: Final = "/opt/agorithm/python"
OTHER: Final = "/opt/agorithm/runtime"  # where the interpreter of another language stands
ENVIRONMENT: Final = "/opt/agorithm/env"
BASE: Final = "/opt/agorithm/base"  # what the environment brings, where it brings something
GUEST: Final = "/opt/agorithm/guest"
OURS: Final = "/opt/agorithm"
SOURCE: Final = "/opt/algorithm"
NODE_MODULES: Final = "/opt/node_modules"  # where Node.js looks from any file of the source

OLDEST: Final = (3, 6)
_GUEST_FOLDER: Final = Path(__file__).resolve().parent / "guest"
_NAME: Final = re.compile(r"python3\.\d+")
QUESTION: Final = """
import json, os, platform, sys, sysconfig
name = "python%d.%d" % sys.version_info[:2]
print(json.dumps({
    "implementation": sys.implementation.name,
    "version": list(sys.version_info[:3]),
    "is_final": sys.version_info[3] == "final",
    "prefix": sys.base_prefix,
    "is_shared": bool(sysconfig.get_config_var("Py_ENABLE_SHARED")),
    "platform": "-".join((sysconfig.get_platform(),) + platform.libc_ver()),
    "is_installed": os.path.exists(os.path.join(sys.base_prefix, "bin", name)),
}))
"""


@dataclass(frozen=True, slots=True)
class PreparedRuntime:
    """An interpreter that every sandbox on this host can read."""

    runtime: Runtime
    path: Path  # what is mounted at PYTHON, at OTHER if it is none, or at OURS with an image
    digest: str  # the same on every host that has the same interpreter

    @property
    def program(self) -> str:
        """The interpreter's path inside a sandbox."""
        return f"{self.place}/bin/{self.runtime.executable}"

    @property
    def place(self) -> str:
        """Where it stands inside a sandbox."""
        return PYTHON if self.runtime.is_python else OTHER


@cache
def discover() -> list[Runtime]:
    """Find the newest patch of each Python from 3.6 on, oldest first. Asked once per process."""
    named = interpreters.programs("python3.*", _folders())
    found = (_ask(path.resolve()) for path in named if _NAME.fullmatch(path.name))
    return interpreters.newest_of_each(runtime for runtime in found if runtime is not None)


@cache
def offered() -> list[Runtime]:
    """Find the interpreters of every language. Asked once per process."""
    return [*discover(), *node_runtimes.discover(), *r_runtimes.discover()]


def find(slug: str) -> Runtime:
    """Give the interpreter of `python311` (or of the environment `python311-gpu`)."""
    if "@" in slug:
        return image_runtimes.find(slug)
    name = slug.removesuffix("-gpu")
    for runtime in discover() if name.startswith("python") else offered():
        if runtime.slug == name:
            return runtime
    raise PlatformFault(f"This runner has no interpreter for the environment {slug}.")


@cache
def prepare(slug: str) -> PreparedRuntime:
    """Make the interpreter readable for sandboxes; safe to do twice and in two processes."""
    runtime = find(slug)
    if runtime.image:
        return PreparedRuntime(runtime, *image_runtimes.prepare(runtime))
    identity, fill = _MADE[runtime.language]
    digest = identity(runtime)
    if runtime.is_python:
        guest_bytecode.write(runtime, _GUEST_FOLDER)
    if runtime.prefix == "/usr":
        return PreparedRuntime(runtime, Path("/usr"), digest)
    folder = Path(settings.DATA_DIR).resolve() / "runtimes"
    path = folder / f"{runtime.slug}-{digest[:16]}"
    runtime_copies.make(runtime, path, fill)
    return PreparedRuntime(runtime, path, digest)


def python_for(slug: str) -> PreparedRuntime:
    """The Python that our own half of a sandbox runs on: its own, or the newest there is."""
    if find(slug).is_python:
        return prepare(slug)
    pythons = discover()
    if not pythons:
        raise PlatformFault("This runner has no Python for the platform's half of a sandbox.")
    return prepare(pythons[-1].slug)


def interpreter_mounts(slug: str) -> tuple[Mount, ...]:
    """The interpreter, and the Python of our own half where that is another."""
    prepared = prepare(slug)
    if prepared.runtime.image:
        return (Mount(str(prepared.path), OURS),)
    both = {prepared.place: prepared for prepared in (python_for(slug), prepare(slug))}
    return tuple(Mount(str(prepared.path), place) for place, prepared in both.items())


def variables(slug: str) -> tuple[tuple[str, str], ...]:
    """What a program started with its Python must have in its environment."""
    prepared = python_for(slug)
    if not prepared.runtime.is_shared or prepared.runtime.prefix == "/usr":
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
    base = data / "environments" / spec.base
    if spec.base and not base.is_dir():
        raise PlatformFault(f"What the environment of {spec.algorithm} brings is not here.")
    modules = environment / "node_modules"
    more = (Mount(str(modules), NODE_MODULES),) if modules.is_dir() else ()
    return (
        *interpreter_mounts(spec.interpreter),
        Mount(str(environment), ENVIRONMENT),
        *((Mount(str(base), BASE),) if spec.base else ()),
        Mount(str(_GUEST_FOLDER), GUEST),
        Mount(str(source), SOURCE),
        *(_file(data, path, target, spec) for path, target in spec.files),
        *more,
    )


def _file(data: Path, path: str, target: str, spec: RunSpec) -> Mount:
    if not (data / path).is_file():
        raise PlatformFault(f"A file that {spec.algorithm} is set up with is not on this runner.")
    return Mount(str(data / path), target)


def _folders() -> Iterator[Path]:
    pyenv = Path(settings.PYENV_ROOT).expanduser()
    yield from interpreters.usual_folders()
    yield from sorted(pyenv.glob("versions/*/bin"))


def _ask(program: Path) -> Runtime | None:
    """Let an interpreter say what it is; None if it is not one that can be offered."""
    printed = interpreters.ask([str(program), "-I", "-S", "-c", QUESTION])
    try:
        said = json.loads(printed or "")
    except ValueError:
        return None
    return described(said)


def described(said: Mapping[str, Any], *, image: str = "", content: str = "") -> Runtime | None:
    """Take what an interpreter said of itself; None if it is not one that can be offered."""
    major, minor, patch = said["version"]
    is_ours = said["implementation"] == "cpython" and said["is_final"] and said["is_installed"]
    if not is_ours or (major, minor) < OLDEST:
        return None
    slug = f"python{major}{minor}"
    return Runtime(
        slug=f"{slug}@{content}" if content else slug,
        language=interpreters.PYTHON_LANGUAGE,
        version=f"{major}.{minor}.{patch}",
        prefix=said["prefix"],
        executable=f"python{major}.{minor}",
        is_shared=said["is_shared"],
        platform=said["platform"],
        image=image,
        content=content,
    )


_MADE: Final = {
    interpreters.PYTHON_LANGUAGE: (runtime_copies.identity, runtime_copies.fill),
    node_runtimes.LANGUAGE: (node_runtimes.identity, node_runtimes.fill),
    r_runtimes.LANGUAGE: (r_runtimes.identity, r_runtimes.fill),
}
"""How the interpreter of each language is named by its content, and copied."""
