"""The `apply` contract, Algorithmia's: a module in `src/` with a function `apply(input)`.

Also its two later forms, `Algorithmia.handler(apply, load).serve()` and `ADK(apply, load).init()`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from runners.author_files import is_own_file
from runners.contracts import piped, surroundings
from runners.contracts.base import Detected, Interface, Operation
from runners.errors import BuildFailed
from runners.specs import Mount, RunSpec, SandboxSpec

_ENTRANCE: Final = re.compile(
    rb"^(?:async\s+)?def\s+apply\b|^apply\s*=|^from\s.+\bimport\s.*\bapply\b"
    rb"|\bADK\s*\(|\bhandler\s*\(",
    re.MULTILINE,
)
_NAME: Final = re.compile(r"[A-Za-z_]\w*")


class Apply:
    """Algorithmia's way to write an algorithm; in other languages than Python see `piped`."""

    name = "apply"
    starts_a_process = False
    describes_itself = False
    has_pages = False
    grace_seconds = 0.0

    def detect(self, tree: Path) -> Detected | None:
        named = _named_in_configuration(tree)
        if named is not None:
            return Detected(self.name, named)
        entrances = [name for name, path in _modules(tree) if _ENTRANCE.search(path.read_bytes())]
        if not entrances:
            return None
        if len(entrances) > 1:
            files = ", ".join(sorted(name.replace(".", "/") + ".py" for name in entrances))
            raise BuildFailed(
                f"Several files define apply: {files}. "
                'Name the right one in algorithmia.conf: {"algoname": "…"}.'
            )
        return Detected(self.name, entrances[0])

    def missing(self, tree: Path) -> str:
        del tree
        return "no file in src/ defines a function apply(input)"

    def python(self, tree: Path) -> str:
        del tree  # its environment is a setting of the algorithm
        return ""

    def requirements(self, tree: Path) -> tuple[str, ...]:
        del tree
        return ()

    def notes(self, tree: Path) -> tuple[str, ...]:
        del tree
        return ()

    def needed(self, tree: Path, said: Mapping[str, Any]) -> tuple[str, ...]:
        del tree, said
        return ()

    def describe(self, tree: Path, said: Mapping[str, Any]) -> Interface:
        del tree, said  # its schemas are found by algorithms.schemas, which read the commit
        return Interface((Operation("apply"),))

    def plan(
        self, spec: RunSpec, *, mounts: tuple[Mount, ...], sockets: str, name: str
    ) -> SandboxSpec:
        return surroundings.sandbox(spec, mounts=mounts, sockets=sockets, name=name)

    def told(self, spec: RunSpec, tree: Path) -> dict[str, Any]:
        del tree  # the guest finds it where it is mounted
        if piped.is_piped(spec.language):
            return piped.told(spec)
        return {"contract": spec.contract, "module": spec.module}


class Tests(Apply):
    """The same files and surroundings, but a call runs the author's unit tests."""

    name = "tests"

    def detect(self, tree: Path) -> Detected | None:
        del tree  # never what an algorithm is written for
        return None


def _named_in_configuration(tree: Path) -> str | None:
    """Give the module that algorithmia.conf names; None if there is no such file or no name."""
    path = tree / "algorithmia.conf"
    if not is_own_file(path, tree):
        return None
    try:
        configuration = json.loads(path.read_bytes())
    except ValueError as error:
        raise BuildFailed(f"algorithmia.conf is not valid JSON: {error}.") from None
    name = configuration.get("algoname") if isinstance(configuration, dict) else None
    if name is None:
        return None
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BuildFailed('In algorithmia.conf, "algoname" must be the name of a file in src/.')
    modules = dict(_modules(tree))
    if f"src.{name}" in modules:
        return f"src.{name}"
    if any(_ENTRANCE.search(path.read_bytes()) for path in modules.values()):
        return None
    raise BuildFailed(
        f"algorithmia.conf names the algorithm {name}, but there is no src/{name}.py."
    )


def _modules(tree: Path) -> Iterator[tuple[str, Path]]:
    """Every module directly in src/, tests left out, by its dotted name."""
    source = tree / "src"
    for path in sorted([*source.glob("*.py"), *source.glob("*/__init__.py")]):
        parts = path.relative_to(source).with_suffix("").parts
        names = parts[:-1] if parts[-1] == "__init__" else parts
        is_module = all(_NAME.fullmatch(name) and not _is_test(name) for name in names)
        if is_module and is_own_file(path, tree):
            yield ".".join(("src", *names)), path


def _is_test(stem: str) -> bool:
    return stem.endswith("_test") or stem.startswith("test_")
