"""What runs of a sandbox, and what one could leave behind in this process and on this machine."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path

from runners.backends.leases import Leases


def eventually(mark: str, *, is_running: bool) -> None:
    deadline = time.monotonic() + 60
    while _running(mark) is not is_running:
        assert time.monotonic() < deadline, f"sleep {mark} runs: {not is_running}"
        time.sleep(0.05)


def _running(mark: str) -> bool:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == b"/bin/sleep\0" + mark.encode() + b"\0":
                return True
        except OSError:
            continue
    return False


def records(data_dir: Path) -> list[str]:
    folder = data_dir / "sandboxes"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def held(data_dir: Path) -> dict[str, object]:
    """All that a sandbox could leave behind in this process and on this machine."""
    _settle()
    children = [
        child
        for task in Path("/proc/self/task").iterdir()
        for child in _said(task / "children").split()
    ]
    states = [
        _said(Path(f"/proc/{child}/stat")).rpartition(")")[2].split()[:1] for child in children
    ]
    open_files = []
    for path in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            open_files.append(str(path.readlink()).partition(":")[0])
    return {
        "records": records(data_dir),
        "zombies": states.count(["Z"]),
        "groups": _groups(data_dir),
        "files": sorted(name for name in open_files if name != "socket"),
        "many sockets": open_files.count("socket") > 60,  # those kept open to the engine
    }


def _said(path: Path) -> str:
    """A file of /proc, or nothing if what it is about has ended meanwhile."""
    try:
        return path.read_text()
    except OSError:
        return ""


def _groups(data_dir: Path) -> list[Path]:
    """Control groups of this installation; other tests run at the same time have theirs."""
    prefix = f"agorithm-{Leases(data_dir, kind='any').installation}-"
    # os.walk passes over a group that ends under it, which others on this machine do all the time.
    return sorted(
        Path(folder, name)
        for folder, names, _ in os.walk("/sys/fs/cgroup")
        for name in names
        if name.startswith(prefix)
    )


def _settle() -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if not [t for t in threading.enumerate() if t.name.startswith("sandbox ")]:
            return
        time.sleep(0.02)
