"""What a sandbox backend does: run one program apart from everything, within limits.

A backend knows nothing of algorithms or calls. The pool and the builder speak to what runs
inside over unix sockets that the *host* listens on, in a folder shown read-only inside, so
that nothing inside can put its own socket in their place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from runners.specs import SandboxSpec


@dataclass(frozen=True, slots=True)
class Exit:
    """How a sandbox ended."""

    code: int  # as a shell would say it: 137 for SIGKILL
    is_out_of_memory: bool = False

    @property
    def reason(self) -> str:
        if self.is_out_of_memory:
            return "it used more memory than its limit"
        return f"it exited with code {self.code}"


class Sandbox(Protocol):
    """One running program."""

    name: str

    def lines(self) -> Iterator[str]:
        """What it prints, line by line, until it ends. For builds; call at most once."""

    def tail(self) -> str:
        """The last few kilobytes it printed."""

    def wait(self, timeout: float | None = None) -> Exit | None:
        """Wait for the end; None if the time ran out first."""

    def kill(self) -> None:
        """End it and everything in it, at once; harmless if it has ended."""

    def close(self) -> None:
        """Kill it and give back all it held: control groups, folders, containers."""


class Backend(Protocol):
    """One way to make sandboxes. Thread-safe; every method blocks."""

    name: str

    def problem(self) -> str | None:
        """Why this backend cannot be used here, in a sentence for the operator; None if it can."""

    def start(self, spec: SandboxSpec) -> Sandbox:
        """Start a program; raise PlatformFault if the sandbox cannot be made."""

    def sweep(self) -> int:
        """End sandboxes that a dead process of ours left behind; give their number."""
