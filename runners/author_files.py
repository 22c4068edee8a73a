"""Reads the files by which authors say what they want, from a tree that is not trusted."""

from __future__ import annotations

from pathlib import Path

from runners.errors import BuildFailed


def is_own_file(path: Path, tree: Path) -> bool:
    """Whether it is a plain file of the tree: an author's link may point anywhere on this host."""
    return path.is_file() and path.resolve().is_relative_to(tree.resolve())


def read_bytes(tree: Path, name: str, largest: int) -> bytes:
    """What the file holds, `largest` bytes at most; raise BuildFailed saying what is wrong."""
    path = tree / name
    if not is_own_file(path, tree):
        raise BuildFailed(f"{name} is not a file of the algorithm.")
    if path.stat().st_size > largest:
        raise BuildFailed(f"{name} is larger than {largest >> 10} kB.")
    return path.read_bytes()


def read_text(tree: Path, name: str, largest: int) -> str:
    """The same of a text in UTF-8, with or without a byte order mark."""
    try:
        return read_bytes(tree, name, largest).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BuildFailed(f"{name} is not a text file in UTF-8.") from None
