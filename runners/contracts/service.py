"""The `service` contract, AlgoLink's and Runway's: a `cloud_model.py` written with our SDK.

The SDK stands in the sandbox, whatever the requirements say, and what it needs is installed with
them. The server is started once, and is ready when its `setup` has run; each command is an operation
that gets its call as `POST /COMMAND`. The guest's half is that of web apps.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from marketplace.lib import plain_yaml
from runners.author_files import is_own_file, read_bytes
from runners.contracts import fields, surroundings
from runners.contracts.base import Detected, Interface
from runners.errors import BuildFailed
from runners.specs import Mount, RunSpec, SandboxSpec

PORT: Final = 8080
SDK: Final = "/opt/agorithm/sdk"
_SDK_FOLDER: Final = Path(__file__).resolve().parents[2] / "sdk"
_NEEDED: Final = ("flask>=2", "flask-sock", "numpy", "pillow", "colorcet")
_MODELS: Final = ("cloud_model.py", "runway_model.py")
_CONFIGURATIONS: Final = ("modelcloud.yml", "runway.yml")
_COMMAND: Final = re.compile(rb"^\s*@[\w.]+\.command\s*\(", re.MULTILINE)
_RUN: Final = re.compile(rb"\.run\s*\(")
_INSTALL: Final = re.compile(r"(?:python3? -m )?pip3? install\s+(.+)")
_SDK_NAMES: Final = re.compile(r"(?:runway|modelcloud)-python\b", re.IGNORECASE)
_KNOWN: Final = frozenset(
    {"version", "python", "entrypoint", "cuda", "framework", "spec", "files", "build_steps"}
    | {"options"}
)
_LARGEST: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Configuration:
    """What modelcloud.yml says; everything in it may be left out."""

    python: str = ""
    entrypoint: str = ""
    requirements: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    options: str = ""  # of setup, as JSON


class Service:
    """A model with commands that have typed fields."""

    name = "service"
    starts_a_process = True
    describes_itself = True
    has_pages = False
    grace_seconds = surroundings.GRACE_SECONDS

    def detect(self, tree: Path) -> Detected | None:
        model = next((name for name in _MODELS if _is_model(tree, name)), "")
        if not model:
            return None
        command = _read(tree).entrypoint or f"python {model}"
        return Detected(self.name, model, command)

    def missing(self, tree: Path) -> str:
        there = next((name for name in _MODELS if is_own_file(tree / name, tree)), "")
        if there:
            return f"{there} has no @modelcloud.command(...) or does not end with modelcloud.run()"
        return ""

    def python(self, tree: Path) -> str:
        return _read(tree).python

    def requirements(self, tree: Path) -> tuple[str, ...]:
        return (*_read(tree).requirements, *_NEEDED)

    def notes(self, tree: Path) -> tuple[str, ...]:
        return _read(tree).notes

    def needed(self, tree: Path, said: Mapping[str, Any]) -> tuple[str, ...]:
        given = json.loads(_read(tree).options or "{}")
        return tuple(name for name in fields.without_value(said) if name not in given)

    def describe(self, tree: Path, said: Mapping[str, Any]) -> Interface:
        given = json.loads(_read(tree).options or "{}")
        found = fields.interface(said, given=given)
        if found is None:
            raise BuildFailed(
                "The model server describes no command; use @modelcloud.command(...)."
            )
        return found

    def plan(
        self, spec: RunSpec, *, mounts: tuple[Mount, ...], sockets: str, name: str
    ) -> SandboxSpec:
        more = {
            "RW_HOST": "127.0.0.1",
            "RW_PORT": str(spec.port or PORT),
            "RW_DEBUG": "0",
            "RW_META": "1" if spec.only_describes else "0",
            "RW_NO_SERVE": "0",
            "GPU": "1" if spec.gpu else "0",
            "MODELCLOUD_FILE_ROOTS": f"{surroundings.SOURCE}:{surroundings.FILES}:/tmp",
            "PYTHONPATH": SDK,
            "PYTHONUNBUFFERED": "1",
        }
        mounts = (*mounts, Mount(str(_SDK_FOLDER), SDK))
        return surroundings.sandbox(spec, mounts=mounts, sockets=sockets, name=name, more=more)

    def told(self, spec: RunSpec, tree: Path) -> dict[str, Any]:
        found = self.detect(tree)
        return {
            "contract": self.name,
            "module": spec.module,
            "command": found.command if found else "",
            "port": spec.port or PORT,
            "describe": spec.only_describes,
            "health": "/healthcheck",
            "manifest": "/meta",
            "look": surroundings.LOOK_SECONDS if spec.kept else 0,
            "variables": {"RW_MODEL_OPTIONS": _read(tree).options or "{}"},
            "grace": surroundings.GRACE_SECONDS,
        }


def _is_model(tree: Path, name: str) -> bool:
    path = tree / name
    if not is_own_file(path, tree):
        return False
    code = path.read_bytes()
    return bool(_COMMAND.search(code) and _RUN.search(code))


def _read(tree: Path) -> _Configuration:
    name = next((name for name in _CONFIGURATIONS if is_own_file(tree / name, tree)), "")
    if not name:
        return _Configuration()
    content = read_bytes(tree, name, _LARGEST)
    try:
        said = plain_yaml.load(content)
    except plain_yaml.Unreadable as error:
        raise BuildFailed(f"{name} is not valid YAML: {error}.") from None
    if said is None:
        return _Configuration()
    if not isinstance(said, dict):
        raise BuildFailed(f"{name} is a list of keys with their values.")
    requirements, notes = _steps(said.get("build_steps"), name)
    notes += [f"{name}: the key {key} is not known here" for key in said if key not in _KNOWN]
    entrypoint = said.get("entrypoint")
    return _Configuration(
        python=_python(said.get("python"), name),
        entrypoint=entrypoint.strip() if isinstance(entrypoint, str) else "",
        requirements=tuple(requirements),
        notes=tuple(notes),
        options=_options(said.get("options"), name),
    )


def _options(said: object, name: str) -> str:
    """What setup is given, as JSON; each version keeps its own, as it keeps its code."""
    if said is None:
        return ""
    if not isinstance(said, dict):
        raise BuildFailed(f"{name}: options is a list of names with their values.")
    try:
        return json.dumps(said, allow_nan=False)
    except (TypeError, ValueError):
        raise BuildFailed(f"{name}: options holds values that JSON does not know.") from None


def _python(said: object, name: str) -> str:
    """YAML reads 3.6 as a number, and 3.10 as 3.1: there the quotes are missing."""
    if said is None:
        return ""
    text = str(said).strip()
    if text == "3.1":
        raise BuildFailed(f'{name}: python: 3.10 needs quotes, "3.10", or YAML reads it as 3.1.')
    if not re.fullmatch(r"3(\.\d+){0,2}", text):
        raise BuildFailed(f"{name}: python: {text[:40]!r} is no version of Python.")
    return text


def _steps(said: object, name: str) -> tuple[list[str], list[str]]:
    """What the build steps install by pip, and what is said of those that do something else."""
    requirements: list[str] = []
    notes: list[str] = []
    for step in said if isinstance(said, list) else []:
        line = next(iter(step.values()), "") if isinstance(step, dict) else step
        installed = _INSTALL.fullmatch(line.strip()) if isinstance(line, str) else None
        shown = json.dumps(step, default=str)[:120]
        if installed is None:
            notes.append(
                f"{name}: the build step {shown} is left out: only pip install is done here"
            )
            continue
        try:
            requirements += _installed(installed[1])
        except ValueError as error:
            raise BuildFailed(f"{name}: the build step {shown} cannot be read: {error}.") from None
    return requirements, notes


def _installed(arguments: str) -> list[str]:
    """The packages of a pip install; files of requirements are read anyway, the SDK is here."""
    words = iter(shlex.split(arguments))
    found = []
    for word in words:
        if word in ("-r", "--requirement", "-c", "--constraint"):
            next(words, None)
        elif not word.startswith("-") and not _SDK_NAMES.match(word):
            found.append(word)
    return found
