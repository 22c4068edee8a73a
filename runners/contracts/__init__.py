"""The contracts an algorithm can be written for; where several fit, the first in the list."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from runners.contracts import piped
from runners.contracts.apply import Apply, Tests
from runners.contracts.base import Cancel, Contract, Detected, Interface, Operation
from runners.contracts.service import Service
from runners.contracts.web import DEFAULTS, Web
from runners.errors import BuildFailed, PlatformFault
from runners.specs import Network, RunSpec

_CONTRACTS: Final[tuple[Contract, ...]] = (Service(), Web(), Apply(), Tests())
CHOICES: Final = ("service", "web", "apply")
"""What an owner may insist on, the likelier first where several fit."""


def _own_variables() -> frozenset[str]:
    spec = RunSpec("alice/Hello", "", network=Network.FULL)
    plans = (one.plan(spec, mounts=(), sockets="", name="") for one in _CONTRACTS)
    names = {name for plan in plans for name, _ in plan.environment}
    return frozenset(names - set(DEFAULTS))


OWN_VARIABLES: Final = _own_variables()
"""What no secret can be called."""


def get(name: str) -> Contract:
    """Give the contract of that name."""
    for contract in _CONTRACTS:
        if contract.name == name:
            return contract
    raise PlatformFault(f"This runner does not know the contract {name}.")


def detect(tree: Path, *, wanted: str = "", language: str = "python3") -> Detected:
    """Find the contract and the entrance of a tree of files; raise BuildFailed if there is none.

    `wanted` is the contract that the owner insists on, whatever else the tree looks like.
    """
    if piped.is_piped(language):
        return _detect_piped(tree, wanted, language)
    candidates = [get(name) for name in ([wanted] if wanted else CHOICES)]
    for contract in candidates:
        found = contract.detect(tree)
        if found is not None:
            return found
    reasons = [contract.missing(tree) for contract in reversed(candidates)]
    why = ", and ".join(reason for reason in reasons if reason)
    raise BuildFailed(f"There is nothing here that can be called: {why}.")


def _detect_piped(tree: Path, wanted: str, language: str) -> Detected:
    """The contracts of other languages: a process that speaks HTTP, or a file with a function."""
    if wanted == "service":
        raise BuildFailed("A model service is written in Python; choose another contract.")
    found = get("web").detect(tree) if wanted != "apply" else None
    if found is None and wanted != "web":
        found = piped.detect(tree, language)
    if found is not None:
        return found
    why = get("web").missing(tree) if wanted == "web" else piped.missing(language)
    raise BuildFailed(f"There is nothing here that can be called: {why or 'there is no Procfile'}.")


def file_of(module: str) -> str:
    """The file that a version's entrance stands in: of `src.Hello`, src/Hello.py."""
    is_dotted = module.startswith("src.") and "/" not in module
    return f"{module.replace('.', '/')}.py" if is_dotted else module


__all__ = [
    "CHOICES",
    "OWN_VARIABLES",
    "Cancel",
    "Contract",
    "Detected",
    "Interface",
    "Operation",
    "detect",
    "file_of",
    "get",
]
