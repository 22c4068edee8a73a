"""A contract: how an author's files become something that can be called.

Everything above a contract is the same for all of them: the call's envelope, money, permissions,
records, page and schema. A contract has two halves. This one, on the host, recognises a tree,
describes what can be called in it, and says what to start. The other half is a part of the guest
(`runners/guest/`), which the host asks through `runners/protocol.py`: LOAD starts the author's
code and READY says that it can be called, CALL runs one call, whose EVENTs tell how it gets on, CANCEL ends
one, and hanging up lets it drain.
One module each, registered in `runners.contracts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from runners.specs import Mount, RunSpec, SandboxSpec

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Detected:
    """Which contract a tree of files follows, and what is its entrance."""

    contract: str
    module: str  # dotted name of a module, or the file that says what to start
    command: str = ""  # what is started, where that is not a module


class Cancel(StrEnum):
    """What ends a call that nobody wants any more: never promise more than this."""

    KILL = "kill"  # the sandbox, with the call in it
    COOPERATIVE = "cooperative"  # the author's code at its next step; the sandbox if it does not


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked of a version."""

    name: str
    title: str = ""
    description: str = ""
    input: Schema | None = None
    output: Schema | None = None
    cancel: Cancel = Cancel.KILL


@dataclass(frozen=True, slots=True)
class Interface:
    """What a version offers, as far as its files say so."""

    operations: tuple[Operation, ...]
    options: Schema | None = None  # of what an instance is set up with
    source: str = "none"  # declared, introspected or none
    raw: Mapping[str, Any] = field(default_factory=dict)  # in the contract's own words

    @property
    def default(self) -> Operation:
        return self.operations[0]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Contract(Protocol):
    """One way to write an algorithm."""

    @property
    def name(self) -> str: ...

    @property
    def starts_a_process(self) -> bool:
        """Whether the author's code is a process of its own, whose log tells why it did not start."""

    @property
    def has_pages(self) -> bool:
        """Whether its process may be talked to over HTTP as it is, at any path."""

    @property
    def grace_seconds(self) -> float:
        """How long an idle instance may take to end by itself; 0 if it need not be asked."""

    def detect(self, tree: Path) -> Detected | None:
        """Recognise a tree; None if it is written for another contract.

        Raises BuildFailed if the tree means this contract but lacks something.
        """

    def missing(self, tree: Path) -> str:
        """What the tree would need for this contract, in a sentence without its full stop."""

    def python(self, tree: Path) -> str:
        """The Python that the tree asks for (`3.6`, `3.6.0`); empty if it leaves that open."""

    def requirements(self, tree: Path) -> tuple[str, ...]:
        """What is installed besides what requirements.txt asks for, unless that names it too."""

    def notes(self, tree: Path) -> tuple[str, ...]:
        """What an author should read in the log: what was asked for and is not done."""

    @property
    def describes_itself(self) -> bool:
        """Whether the author's code says what it offers before anything is set up."""

    def needed(self, tree: Path, said: Mapping[str, Any]) -> tuple[str, ...]:
        """The options without which it cannot be set up, of what it says of itself."""

    def describe(self, tree: Path, said: Mapping[str, Any]) -> Interface:
        """Say what can be called, by the files or by what the author's process says of itself."""

    def plan(
        self, spec: RunSpec, *, mounts: tuple[Mount, ...], sockets: str, name: str
    ) -> SandboxSpec:
        """Say what must be started, where, and with which environment, to serve calls."""

    def told(self, spec: RunSpec, tree: Path) -> dict[str, Any]:
        """What the guest must know besides the limits to load the source that lies in `tree`."""
