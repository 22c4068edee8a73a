"""Dependency artefacts: locks, installed once and shared read-only by every version that asks.

An artefact is a virtual environment, or what another language has in its place, at the path and
with the interpreter it will have at run time. It appears under its digest whole or not at all; of two builds that want the same,
one installs and the other waits.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runners import workshop
from runners.errors import BuildFailed, PlatformFault
from runners.installing import Lock
from runners.workshop import Workshop

_WAIT_SECONDS: Final = 0.2
_ABANDONED_SECONDS: Final = 24 * 3600
_SIZE: Final = ".size"
_READABLE_FOLDER: Final = 0o755


@dataclass(frozen=True, slots=True)
class Artefact:
    """An installed lock."""

    digest: str
    folder: Path
    size_bytes: int
    was_there: bool


def install(lock: Lock, folder: Path, shop: Workshop) -> Generator[str, None, Artefact]:
    """Give the artefact of a lock in `folder`, installing it if nobody has yet."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    digest = lock.digest(shop.runtime.digest)
    target = folder / digest
    if not target.is_dir():
        with _alone(folder, digest) as lock_file:
            yield from _wait(lock_file, shop)
            if not target.is_dir():
                yield from _install(lock, target, shop)
                return Artefact(digest, target, _size(target), was_there=False)
    os.utime(target)
    return Artefact(digest, target, _size(target), was_there=True)


def _install(lock: Lock, target: Path, shop: Workshop) -> Generator[str, None, None]:
    _sweep(target.parent)
    unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=target.parent))
    try:
        for name, text in lock.notes().items():
            workshop.write_note(unfinished, name, text)
        result = yield from workshop.run(shop, unfinished, lock.commands(shop))
        if result.exit.code != 0:
            raise BuildFailed(_why(lock, result))
        workshop.clear_notes(unfinished)
        _note_size(unfinished, _seal(unfinished))
        unfinished.chmod(0o755)
        unfinished.rename(target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _why(lock: Lock, result: workshop.Result) -> str:
    if result.exit.is_out_of_memory:
        return f"The packages could not be installed: {result.exit.reason}."
    told = [f"While it was built: {result.refusals[0]}"] if result.refusals else []
    return " ".join([lock.explain(result.output), *told])


def _seal(folder: Path) -> int:
    """Make everything readable by all and writable by none; give the size in bytes.

    What was installed may have left anything, so no link is followed and no program keeps a
    bit that would give it rights.
    """
    total = 0
    for _, folders, files, descriptor in os.fwalk(folder):
        for name in folders:
            status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                os.chmod(name, _READABLE_FOLDER, dir_fd=descriptor)
        for name in files:
            status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            if stat.S_ISREG(status.st_mode):
                os.chmod(name, 0o555 if status.st_mode & stat.S_IXUSR else 0o444, dir_fd=descriptor)
                total += status.st_size
            elif not stat.S_ISLNK(status.st_mode):
                os.unlink(name, dir_fd=descriptor)
    return total


def _note_size(folder: Path, size: int) -> None:
    """Write into a file of our own: a package may have left a link of this name to a host's file."""
    note = folder / _SIZE
    if note.is_dir() and not note.is_symlink():
        raise BuildFailed(f"A package leaves a folder {_SIZE} in the environment; do without it.")
    note.unlink(missing_ok=True)
    with note.open("x") as file:
        file.write(str(size))


def _size(folder: Path) -> int:
    try:
        return int((folder / _SIZE).read_text())
    except (OSError, ValueError):
        return 0


@contextlib.contextmanager
def _alone(folder: Path, digest: str) -> Iterator[int]:
    """Open the file whose lock means: I am installing this. The kernel frees it if we die."""
    locks = folder / ".locks"
    locks.mkdir(exist_ok=True, mode=0o700)
    descriptor = os.open(locks / digest, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _wait(descriptor: int, shop: Workshop) -> Generator[str, None, None]:
    is_told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not is_told:
                yield "Another build is installing the same packages: waiting for it"
                is_told = True
            shop.check()
            time.sleep(_WAIT_SECONDS)
        except OSError as error:
            raise PlatformFault(f"The environments folder cannot be locked: {error}.") from error
        else:
            return


def _sweep(folder: Path) -> None:
    """Remove what builds that died left behind."""
    oldest = time.time() - _ABANDONED_SECONDS
    for path in folder.glob(".unfinished-*"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < oldest:
                shutil.rmtree(path, ignore_errors=True)
