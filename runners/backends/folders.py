"""Folders that hold a root file system: the images of sandboxes that no engine makes."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import Final

from runners.backends.base import Image
from runners.errors import PlatformFault

_SOFTWARE: Final = ("usr", "bin", "lib", "lib32", "lib64", "libx32", "sbin", "opt")


def image(name: str) -> Image:
    """Take a folder for an image; its digest changes with the files of its system software."""
    path = Path(name)
    if not path.is_absolute() or path.resolve() != path or not path.is_dir():
        raise PlatformFault(
            f"{name} is no folder by its full name, and bubblewrap has no other images. Docker "
            "images need a Docker Engine."
        )
    if path == Path("/") or not (path / "usr").is_dir() or (path / "usr").is_symlink():
        raise PlatformFault(f"{name} holds no root file system: it has no folder usr.")
    return Image(str(path), _digest(path))


def _digest(root: Path) -> str:
    hasher = hashlib.sha256()
    for top in _SOFTWARE:
        for folder, folders, files in os.walk(root / top):
            folders.sort()
            for name in sorted(files):
                status = os.lstat(f"{folder}/{name}")
                kind = stat.S_IFMT(status.st_mode)
                hasher.update(f"{folder}/{name} {kind} {status.st_size}\n".encode())
    return hasher.hexdigest()[:16]
