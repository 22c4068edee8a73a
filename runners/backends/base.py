"""What a sandbox backend does: run one program apart from everything, within limits.

A backend knows nothing of algorithms or calls. The pool and the builder speak to what runs
inside over unix sockets that the *host* listens on, in a folder shown read-only inside, so
that nothing inside can put its own socket in their place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
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


@dataclass(frozen=True, slots=True)
class Image:
    """A root file system that sandboxes can have instead of the host's system software."""

    reference: str  # what a SandboxSpec names it by
    digest: str  # short, of its content


class Sandbox(Protocol):
    """One running program. Every method may be called from any thread, again and again."""

    @property
    def name(self) -> str: ...

    def lines(self) -> Iterator[str]:
        """What it prints, line by line, until it ends. For builds; call at most once.

        Once somebody reads, nothing is lost: a program faster than its reader waits.
        """

    def tail(self) -> str:
        """The last few kilobytes it printed."""

    def wait(self, timeout: float | None = None) -> Exit | None:
        """Wait for the end; None if the time ran out first."""

    def kill(self) -> None:
        """End it and everything in it, at once; harmless if it has ended."""

    def close(self) -> None:
        """Kill it and give back all it held: control groups, containers, its sockets folder.

        Its writable mounts belong to our own user again afterwards.
        """


class Backend(Protocol):
    """One way to make sandboxes. Thread-safe; every method blocks."""

    @property
    def name(self) -> str: ...

    def problem(self) -> str | None:
        """Why this backend cannot be used here, in a sentence for the operator; None if it can.

        The first call tries a sandbox for real; the answer is kept.
        """

    def weaknesses(self) -> tuple[str, ...]:
        """What this backend cannot promise on this machine, in sentences for the operator."""

    def image(self, name: str) -> Image:
        """Find an image on this machine; raise PlatformFault if there is none or it cannot be used."""

    def gpu_slots(self) -> int:
        """How many sandboxes with a GPU there can be at the same time."""

    def sockets_folder(self, name: str) -> Path:
        """Make the folder in which we listen for the sandbox `name`, before it is started.

        Only our own user and the user that sandbox will run as can enter it. Bind the sockets
        there, call `admit` on each, then start a spec whose name is `name` and whose `sockets`
        is this folder. `Sandbox.close` removes it, and so does a `start` that fails.
        """

    def admit(self, socket: Path) -> None:
        """Let the sandbox connect to a socket we bound in its folder; nobody else can reach it."""

    def discard_sockets(self, name: str) -> None:
        """Remove a folder whose sandbox was never started; harmless otherwise."""

    def start(self, spec: SandboxSpec) -> Sandbox:
        """Start a program; raise PlatformFault if the sandbox cannot be made.

        A writable mount is given to the sandbox's user, with all that is in it, until `close`;
        it must belong to one sandbox at a time.
        """

    def sweep(self) -> int:
        """End sandboxes that a dead process of ours left behind; give their number."""
