"""What every store elsewhere is asked, whoever runs it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from django.utils.translation import gettext as _

from data_collections.responses import Bytes
from marketplace.lib.errors import NotAllowed, NotFound, Unavailable

__all__ = ["Bytes", "File", "Folder", "Store"]

PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class File:
    """What a store says of a file."""

    path: str
    size: int
    modified_at: datetime
    tag: str = ""
    """Changes with the content; without quotes. Empty where the store has none."""
    content_type: str = ""

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Folder:
    """One piece of what a folder holds."""

    folders: tuple[str, ...] = ()
    """Names, not paths."""
    files: tuple[File, ...] = ()
    marker: str = ""
    """The store's own word for where the next piece begins; empty after the last."""


class Store(Protocol):
    """Paths are names joined by slashes, checked already; the root is empty."""

    def file(self, path: str) -> File | None:
        """The file at the path, if there is one."""

    def has_folder(self, path: str) -> bool: ...

    def entries(self, folder: str, marker: str) -> Folder:
        """One piece of the folder, PAGE entries at most."""

    def read(self, file: File, start: int, end: int) -> Bytes:
        """Open the bytes from `start` up to, not including, `end`."""

    def write(self, path: str, content: Path, content_type: str) -> None:
        """Put a whole file in place at once, or not at all."""

    def make_folder(self, path: str) -> None: ...

    def remove(self, path: str) -> None: ...

    def remove_folder(self, path: str) -> int:
        """Remove the folder with all its files; give how many there were."""


def nothing_at(path: str) -> NotFound:
    return NotFound(_("%(path)s does not exist in the connected store.") % {"path": path})


def refused(reference: str) -> NotAllowed:
    return NotAllowed(
        _(
            "The store behind %(reference)s:// refused the connector's credentials for this. "
            "Look at what they allow there, or enter new ones in the connector."
        )
        % {"reference": reference}
    )


def silent(reference: str) -> Unavailable:
    return Unavailable(
        _(
            "The store behind %(reference)s:// did not answer as it should. Your request is not "
            "at fault; try again, and look at the connector's address if it stays so."
        )
        % {"reference": reference},
        retry_after=10,
    )
