"""A contract: how an author's files become something that can be called.

Everything above a contract is the same for all of them. One module each, registered in
`runners.contracts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from runners.specs import Mount, RunSpec, SandboxSpec


@dataclass(frozen=True, slots=True)
class Detected:
    """Which contract a tree of files follows, and the module that is its entrance."""

    contract: str
    module: str


class Contract(Protocol):
    """One way to write an algorithm."""

    name: str

    def detect(self, tree: Path) -> Detected | None:
        """Recognise a tree; None if it is written for another contract.

        Raises BuildFailed if the tree means this contract but lacks something.
        """

    def plan(
        self, spec: RunSpec, *, mounts: tuple[Mount, ...], sockets: str, name: str
    ) -> SandboxSpec:
        """Say what must be started, where, and with which environment, to serve calls."""
