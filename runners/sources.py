"""Snapshots of authors' files: named by their content, read-only, never pointing outside.

A snapshot is what sandboxes see at /opt/algorithm. The same files always make the same
snapshot, so a commit that changes nothing costs nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from runners.errors import BuildFailed

MOST_FILES: Final = 20_000
MOST_BYTES: Final = 1024 * 1024 * 1024
_LEFT_OUT: Final = frozenset({".git", "__pycache__"})
_CHUNK: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An author's files as they were built."""

    digest: str
    folder: Path
    files: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class _Entry:
    path: str  # relative, with slashes
    link: str = ""  # where it points, if it is a symlink
    is_executable: bool = False
    digest: str = ""
    size: int = 0


def snapshot(tree: Path, folder: Path) -> Snapshot:
    """Copy a tree into `folder` under its digest; raise BuildFailed for what cannot be taken."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder))
    try:
        entries = list(_copy(tree, unfinished))
        digest = _digest(entries)
        target = folder / digest
        if not target.is_dir():
            _make_read_only(unfinished)
            _rename(unfinished, target)
        os.utime(target)  # in use: not to be removed, though no row may name it yet
        size = sum(entry.size for entry in entries)
        return Snapshot(digest, target, len(entries), size)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _copy(tree: Path, target: Path) -> Iterator[_Entry]:
    """Copy file by file; count while copying, so that nothing larger than allowed is written."""
    files = size = 0
    for path in _walk(tree):
        entry = _copy_one(tree, path, target, MOST_BYTES - size)
        files, size = files + 1, size + entry.size
        if files > MOST_FILES:
            raise BuildFailed(f"The algorithm has more than {MOST_FILES} files; that is the limit.")
        yield entry


def _copy_one(tree: Path, path: PurePosixPath, target: Path, most_bytes: int) -> _Entry:
    source = tree / path
    copy = target / path
    copy.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    mode = source.lstat().st_mode
    if stat.S_ISLNK(mode):
        link = os.readlink(source)  # noqa: PTH115 - as it is written, not as a path is spelled
        _require_inside(path, link)
        copy.symlink_to(link)
        return _Entry(str(path), link=link)
    if not stat.S_ISREG(mode):
        raise BuildFailed(f"{path} is neither a file nor a folder nor a link; remove it.")
    is_executable = bool(mode & stat.S_IXUSR)
    digest, size = _copy_bytes(source, copy, most_bytes)
    copy.chmod(0o555 if is_executable else 0o444)
    return _Entry(str(path), is_executable=is_executable, digest=digest, size=size)


def _copy_bytes(source: Path, target: Path, most_bytes: int) -> tuple[str, int]:
    hasher = hashlib.sha256()
    size = 0
    descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as reader, target.open("xb") as writer:
        while chunk := reader.read(_CHUNK):
            size += len(chunk)
            if size > most_bytes:
                raise BuildFailed(
                    f"The algorithm's files are larger than {MOST_BYTES >> 20} MB together; "
                    "put models into a data collection."
                )
            hasher.update(chunk)
            writer.write(chunk)
    return hasher.hexdigest(), size


def _require_inside(path: PurePosixPath, link: str) -> None:
    """Refuse a symlink that leads out of the tree, by its text alone: what exists is no matter."""
    depth = len(path.parent.parts)
    if link.startswith("/"):
        depth = -1
    for part in link.split("/"):
        if depth < 0:
            break
        if part == "..":
            depth -= 1
        elif part not in ("", "."):
            depth += 1
    if depth < 0:
        raise BuildFailed(f"{path} is a link to {link}, outside the algorithm; remove it.")


def _walk(tree: Path) -> Iterator[PurePosixPath]:
    """Every file and link, in a fixed order; folders that are links count as links."""
    for folder, folders, files in os.walk(tree):
        here = Path(folder)
        links = [name for name in folders if (here / name).is_symlink()]
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT and name not in links)
        for name in sorted((*files, *links)):
            yield PurePosixPath((here / name).relative_to(tree))


def _digest(entries: list[_Entry]) -> str:
    hasher = hashlib.sha256()
    for entry in sorted(entries, key=lambda entry: entry.path):
        fields = (entry.path, entry.link, "x" if entry.is_executable else "", entry.digest)
        hasher.update("\0".join(fields).encode(errors="surrogateescape") + b"\n")
    return hasher.hexdigest()


def _make_read_only(folder: Path) -> None:
    for path, _, _ in os.walk(folder):
        Path(path).chmod(0o755)


def _rename(unfinished: Path, target: Path) -> None:
    try:
        unfinished.rename(target)
    except OSError:
        if not target.is_dir():  # else another build was faster, with the same content
            raise
