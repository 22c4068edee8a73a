"""The `apply` contract, Algorithmia's: a module in `src/` with a function `apply(input)`.

Also its two later forms, `Algorithmia.handler(apply, load).serve()` and `ADK(apply, load).init()`.
What runs inside is runners/guest; paths and variables here are all that it relies on.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from runners.contracts.base import Detected
from runners.errors import BuildFailed
from runners.specs import Mount, Network, RunSpec, SandboxSpec

ENVIRONMENT: Final = "/opt/agorithm/env"
PYTHON: Final = "/opt/agorithm/python"
GUEST: Final = "/opt/agorithm/guest/serve.py"
WORK: Final = "/tmp/work"  # noqa: S108 - inside the sandbox
RELAY: Final = "http://127.0.0.1:9000"
EGRESS: Final = "http://127.0.0.1:9001"

_ENTRANCE: Final = re.compile(
    rb"^(?:async\s+)?def\s+apply\b|^apply\s*=|^from\s.+\bimport\s.*\bapply\b"
    rb"|\bADK\s*\(|\bhandler\s*\(",
    re.MULTILINE,
)
_NAME: Final = re.compile(r"[A-Za-z_]\w*")


class Apply:
    """Algorithmia's way to write an algorithm in Python."""

    name = "apply"

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

    def plan(
        self, spec: RunSpec, *, mounts: tuple[Mount, ...], sockets: str, name: str
    ) -> SandboxSpec:
        return SandboxSpec(
            name=name,
            argv=(f"{ENVIRONMENT}/bin/python", "-I", GUEST),
            mounts=mounts,
            environment=tuple(_variables(spec).items()),
            limits=spec.limits,
            sockets=sockets,
            gpu=spec.gpu,
            working_folder=WORK,
        )


class Tests(Apply):
    """The same files and surroundings, but a call runs the author's unit tests."""

    name = "tests"

    def detect(self, tree: Path) -> Detected | None:
        del tree  # never what an algorithm is written for
        return None


def _variables(spec: RunSpec) -> dict[str, str]:
    """What the author's process finds in its environment; secrets cannot replace ours."""
    threads = str(max(1, math.ceil(spec.limits.cpus)))
    ours = {
        "ALGORITHMIA_API": RELAY,
        "HOME": WORK,
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "LD_LIBRARY_PATH": f"{PYTHON}/lib",
        "LOGNAME": "algo",
        "MKL_NUM_THREADS": threads,
        "NUMEXPR_NUM_THREADS": threads,
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "PATH": f"{ENVIRONMENT}/bin:{PYTHON}/bin:/usr/local/bin:/usr/bin:/bin",
        "TMPDIR": "/tmp",  # noqa: S108 - inside the sandbox
        "USER": "algo",
    }
    if spec.network is Network.FULL:
        ours |= {
            "HTTP_PROXY": EGRESS,
            "HTTPS_PROXY": EGRESS,
            "NO_PROXY": "127.0.0.1,localhost",
            "SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt",
            "http_proxy": EGRESS,
            "https_proxy": EGRESS,
            "no_proxy": "127.0.0.1,localhost",
        }
    return dict(spec.variables) | ours


OWN_VARIABLES: Final = frozenset(_variables(RunSpec("", "", network=Network.FULL)))
"""What no secret can be called."""


def _named_in_configuration(tree: Path) -> str | None:
    """Give the module that algorithmia.conf names; None if there is no such file or no name."""
    path = tree / "algorithmia.conf"
    if not _is_own_file(path, tree):
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
        if is_module and _is_own_file(path, tree):
            yield ".".join(("src", *names)), path


def _is_own_file(path: Path, tree: Path) -> bool:
    """Whether it is a plain file of the tree: an author's link may point anywhere on this host."""
    return path.is_file() and path.resolve().is_relative_to(tree.resolve())


def _is_test(stem: str) -> bool:
    return stem.endswith("_test") or stem.startswith("test_")
