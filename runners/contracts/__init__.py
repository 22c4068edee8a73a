"""The contracts an algorithm can be written for."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from runners.contracts.apply import Apply, Tests
from runners.contracts.base import Contract, Detected
from runners.errors import BuildFailed, PlatformFault

_CONTRACTS: Final[tuple[Contract, ...]] = (Apply(), Tests())


def get(name: str) -> Contract:
    """Give the contract of that name."""
    for contract in _CONTRACTS:
        if contract.name == name:
            return contract
    raise PlatformFault(f"This runner does not know the contract {name}.")


def detect(tree: Path) -> Detected:
    """Find the contract and the entrance of a tree of files; raise BuildFailed if there is none."""
    for contract in _CONTRACTS:
        found = contract.detect(tree)
        if found is not None:
            return found
    raise BuildFailed(
        "There is nothing here that can be called: no file in src/ defines a function apply(input)."
    )


__all__ = ["Contract", "Detected", "detect", "get"]
