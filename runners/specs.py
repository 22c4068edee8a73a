"""The vocabulary of running: frozen values that cross the line between the gateway and a runner.

Plain Python, so that the engine can be tried in milliseconds and moved to another host.
Sizes are bytes, times are seconds unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

MIB: Final = 1024 * 1024


class Network(StrEnum):
    """What a sandbox can reach besides the platform's API, which every sandbox can."""

    ISOLATED = "isolated"  # nothing
    FULL = "full"  # public internet addresses
    INDEX = "index"  # the package index only: builds


class Kind(StrEnum):
    """How a body is to be read, on its way in and on its way out (the wire's content_type)."""

    JSON = "json"
    TEXT = "text"
    BINARY = "binary"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one sandbox may use at most."""

    memory: int = 2048 * MIB
    cpus: float = 1.0
    processes: int = 256
    disk: int = 512 * MIB  # /tmp and the working folder, one file system
    open_files: int = 1024
    output: int = 15 * MIB  # one answer
    stdout: int = 1 * MIB  # kept of what one call prints


@dataclass(frozen=True, slots=True)
class Mount:
    """A host path shown inside, read-only unless it says otherwise."""

    source: str
    target: str
    writable: bool = False


@dataclass(frozen=True, slots=True)
class SandboxSpec:
    """One program to run in isolation; what every backend understands."""

    name: str
    argv: tuple[str, ...]
    mounts: tuple[Mount, ...]
    environment: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # secrets too
    limits: Limits = Limits()
    sockets: str = ""  # host folder, shown read-only at /run/agorithm
    gpu: bool = False
    image: str = ""  # whose files it sees instead of the host's system, in its backend's words
    working_folder: str = "/tmp/work"  # noqa: S108 - inside the sandbox


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One built version, ready to be started any number of times.

    Equal specs share warm sandboxes, so everything that makes a difference stands here.
    """

    algorithm: str  # owner/name, for logs and the `.algo` store
    module: str  # dotted name of the module with `apply`, or the file with it
    contract: str = "apply"
    language: str = "python3"  # the wire's word
    interpreter: str = ""  # slug of the runtime, e.g. python311
    dependencies: str = ""  # digest of the DependencySet
    base: str = ""  # digest of the one that its environment brings
    source: str = ""  # digest of the source snapshot
    network: Network = Network.ISOLATED
    machine: str = "cpu"  # the kind of machine it needs, as runners announce it
    gpu: bool = False
    is_shareable: bool = False  # one sandbox may serve several payers, one after the other
    port: int = 0  # where the author's server listens inside; 0: where its contract usually does
    files: tuple[tuple[str, str], ...] = ()  # below DATA_DIR, and where each is shown inside
    kept: str = ""  # name of the sandbox that is kept for these calls, if one is (pool.keep)
    only_describes: bool = False  # it is started to say what it offers, and ends
    variables: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # secrets
    limits: Limits = Limits()
    runner: str = field(default="", compare=False)  # which has the kept one


class Phase(StrEnum):
    """Where a call is on its way; told only to those who watch one."""

    QUEUED = "queued"  # waits for a free sandbox
    STARTING = "starting"  # a sandbox is being started for it
    LOADING = "loading"  # the module and its model are being loaded
    RUNNING = "running"  # inside apply


@dataclass(frozen=True, slots=True)
class Event:
    """What a call says of itself while it runs; a field without news is empty."""

    progress: float | None = None  # 0 to 1
    printed: bytes = b""  # since the last event, stdout and stderr together
    left_out: int = 0  # bytes of what was printed that are not here
    kind: Kind = Kind.VOID  # of a partial output, if there is one
    output: bytes = b""
    appends: bool = False  # the output continues the one before, it does not take its place


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call on its way to a sandbox."""

    call_id: str
    payer: str  # whose sandbox it must be, unless the version is shareable
    kind: Kind
    body: bytes
    timeout: float
    token: Callable[[], str] = field(default=str, repr=False)
    """Gives the run token that the relay adds; most calls never need it, so it is made when asked."""

    operation: str = ""  # which one, where a version has several
    depth: int = 0  # 0 for a call from outside
    queue_seconds: float = 60.0  # the longest wait for a sandbox
    tell: Callable[[Phase], None] | None = field(default=None, repr=False)
    """Hears of each phase the call enters, where somebody watches it."""

    hear: Callable[[Event], None] | None = field(default=None, repr=False)
    """Hears what the call says while it runs; without it the sandbox is not asked to say it."""

    shows_printed: bool = False  # whether whoever hears may read what the code prints

    def enter(self, phase: Phase) -> None:
        if self.tell is not None:
            self.tell(phase)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no result: the error object of the wire."""

    message: str
    error_type: str = "AlgorithmError"
    stacktrace: str = ""
    is_platform_fault: bool = False
    is_out_of_time: bool = False
    """We have ended the call; an algorithm that only says so has not used up its time."""

    is_cancelled: bool = False
    """Its caller has ended the call."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Where a call's time went, in microseconds."""

    queue: int = 0  # waiting for a free sandbox
    start: int = 0  # starting one, if it was cold
    load: int = 0  # importing the module and loading its model, if it was cold
    run: int = 0  # inside apply

    @property
    def is_cold(self) -> bool:
        return self.start > 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one call ended."""

    kind: Kind = Kind.VOID
    body: bytes = b""
    stdout: bytes = b""
    failure: Failure | None = None
    timings: Timings = Timings()
    runner: str = ""


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What loading the module once in a real sandbox showed."""

    failure: Failure | None
    stdout: str
    seconds: float
    manifest: dict[str, Any] = field(default_factory=dict)
    """What the author's process says of itself, in the words of its contract."""
