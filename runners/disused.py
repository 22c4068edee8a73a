"""Remove from disk what builds left behind and nothing refers to any more."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Container
from pathlib import Path
from typing import Final

GRACE_SECONDS: Final = 24 * 3600
"""A build in progress has its folders before its row says so; none takes that long."""


def remove_all_but(wanted: Container[str], folder: Path) -> int:
    """Remove the digests in `folder` that are not wanted and were not touched for a day.

    Each disappears at once, under another name, so that nobody takes half of it for the whole.
    """
    removed = 0
    oldest = time.time() - GRACE_SECONDS
    for path in list(folder.iterdir()) if folder.is_dir() else []:
        if path.name.startswith(".") or path.name in wanted or not _is_older(path, oldest):
            continue
        going = path.with_name(f".removed-{path.name}")
        with contextlib.suppress(OSError):
            path.rename(going)
            removed += 1
    for left in folder.glob(".removed-*"):  # also what a process that died meanwhile has left
        shutil.rmtree(left, ignore_errors=True)
    return removed


def _is_older(path: Path, oldest: float) -> bool:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime < oldest
    return False
