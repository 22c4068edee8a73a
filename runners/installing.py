"""What every language's way to resolve and install packages has in common, for builds to use.

A question becomes a lock (names, versions and hashes, no addresses), and a lock an artefact; all
of it in sandboxes that reach the language's package index and nothing else (`workshop.py`).
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from runners.specs import Mount
    from runners.workshop import Workshop


class Index(Protocol):
    """Where packages of a language come from."""

    @property
    def has_credentials(self) -> bool:
        """Whether an address holds a password, which code of strangers must not see."""

    def hosts(self) -> frozenset[str]:
        """What an installer must reach, as `name:port`."""

    def mounts(self) -> tuple[Mount, ...]:
        """What of this machine it must see."""

    def variables(self) -> dict[str, str]:
        """What its environment says of the index."""


class Lock(Protocol):
    """Packages, each with one version and what proves that it is the same."""

    @property
    def text(self) -> str: ...

    @property
    def packages(self) -> list[str]:
        """Each as `name==version`."""

    def digest(self, base: str) -> str:
        """Name what this lock becomes when it is installed for an interpreter."""

    def notes(self) -> dict[str, str]:
        """The files that `commands` read."""

    def commands(self, shop: Workshop) -> list[list[str]]:
        """What installs it into the workshop's folder."""

    def explain(self, output: str) -> str:
        """Say why the commands failed, by what they printed."""


class Question(Protocol):
    """What an author asks for, with everything that decides which lock answers it."""

    @property
    def digest(self) -> str: ...

    def resolve(self, shop: Workshop) -> Generator[str, None, Lock]:
        """Find versions that fit together; raise BuildFailed naming what does not."""
