"""Control groups: the kernel holds a sandbox to its memory, processes and processor time.

Version 1 and 2, wherever we may write. A sandbox's groups stand below our own, so that a
limit somebody put on us holds for what we start too. Where nothing is writable the caller
falls back to per-process limits and says so.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from runners.specs import Limits

MEMORY: Final = "memory"
PROCESSES: Final = "pids"
PROCESSOR: Final = "cpu"
CONTROLLERS: Final = (MEMORY, PROCESSES, PROCESSOR)

_PERIOD: Final = 100_000  # microseconds
_OWN_PROCESSES: Final = 2  # bubblewrap's two, which no sandbox should pay for
_SECONDS_TO_REMOVE: Final = 5.0
_OUT_OF_MEMORY: Final = re.compile(rb"^oom_kill (\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Group:
    """The groups of one sandbox: one folder under version 2, one for each controller under 1."""

    folders: tuple[Path, ...] = ()

    @property
    def doors(self) -> tuple[str, ...]:
        """The files to which a process writes `0` to come in."""
        return tuple(str(folder / "cgroup.procs") for folder in self.folders)

    def out_of_memory_kills(self) -> int:
        """How many of its processes the kernel killed for memory."""
        for folder in self.folders:
            for name in ("memory.events", "memory.oom_control"):
                with contextlib.suppress(OSError):
                    found = _OUT_OF_MEMORY.search((folder / name).read_bytes())
                    if found:
                        return int(found[1])
        return 0

    def kill(self) -> bool:
        """Kill all that is inside now; say whether anything was."""
        members = {pid for folder in self.folders for pid in _members(folder)}
        for pid in members - {0, os.getpid()}:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        return bool(members)

    def remove(self) -> None:
        """Remove it, waiting for what is still dying inside."""
        deadline = time.monotonic() + _SECONDS_TO_REMOVE
        left = [folder for folder in self.folders if not _remove(folder)]
        while left and time.monotonic() < deadline:
            Group(tuple(left)).kill()
            time.sleep(0.005)
            left = [folder for folder in left if not _remove(folder)]


@dataclass(frozen=True, slots=True)
class Cgroups:
    """Where groups can be made, and what they can limit."""

    parents: dict[str, Path] = field(default_factory=dict)  # by controller
    version: int = 0

    @property
    def missing(self) -> tuple[str, ...]:
        """Controllers that limit nothing here."""
        return tuple(name for name in CONTROLLERS if name not in self.parents)

    def make(self, name: str, limits: Limits) -> Group:
        """Make the groups of one sandbox; raise OSError if that is refused."""
        folders = dict.fromkeys(parent / name for parent in self.parents.values())
        group = Group(tuple(folders))
        try:
            for folder in folders:
                folder.mkdir()
            for controller, parent in self.parents.items():
                _limit(parent / name, controller, limits, self.version)
        except OSError:
            group.remove()
            raise
        return group


def find(root: Path = Path("/")) -> Cgroups:
    """Look where this process may make groups; tries, so that the answer is true."""
    try:
        own = _own_groups((root / "proc/self/cgroup").read_text())
        mounts = _mounts((root / "proc/self/mountinfo").read_text())
    except FileNotFoundError:  # a kernel without control groups
        return Cgroups()
    parents: dict[str, Path] = {}
    for mount, inside, kind, options in mounts:
        if kind == "cgroup":
            for controller in set(CONTROLLERS) & set(options.split(",")):
                below = _below(own.get(controller, "/"), inside)
                parents |= _first_writable(controller, root / mount.lstrip("/"), below)
    if parents:
        return Cgroups(parents, version=1)
    for mount, inside, kind, _ in mounts:
        if kind == "cgroup2":
            below = _below(own.get("", "/"), inside)
            parent = _unified_parent(root / mount.lstrip("/"), below)
            if parent is not None:
                enabled = (parent / "cgroup.subtree_control").read_text().split()
                handed = [name for name in CONTROLLERS if name in enabled]
                return Cgroups(dict.fromkeys(handed, parent), version=2)
    return Cgroups()


def _first_writable(controller: str, mount: Path, own: str) -> dict[str, Path]:
    """Give where one controller's groups can be made: below our own, else below the root."""
    for parent in (mount / own, mount):
        if _can_make(parent):
            return {controller: parent}
    return {}


def _limit(folder: Path, controller: str, limits: Limits, version: int) -> None:
    if controller == PROCESSES:
        (folder / "pids.max").write_text(str(limits.processes + _OWN_PROCESSES))
    elif controller == PROCESSOR:
        quota = max(1000, int(limits.cpus * _PERIOD))
        if version == 2:
            (folder / "cpu.max").write_text(f"{quota} {_PERIOD}")
        else:
            (folder / "cpu.cfs_period_us").write_text(str(_PERIOD))
            (folder / "cpu.cfs_quota_us").write_text(str(quota))
    elif version == 2:
        (folder / "memory.max").write_text(str(limits.memory))
        _write_if_there(folder / "memory.swap.max", "0")
    else:
        (folder / "memory.limit_in_bytes").write_text(str(limits.memory))
        _write_if_there(folder / "memory.memsw.limit_in_bytes", str(limits.memory))


def _write_if_there(file: Path, text: str) -> None:
    """Kernels without accounting of swap have no such file, and no swap to limit."""
    if file.exists():
        file.write_text(text)


def _unified_parent(mount: Path, own: str) -> Path | None:
    """Find or make a group of version 2 that holds no process and hands its controllers down.

    Our own group if only we are in it (a service, a container, a delegated scope): we step
    into a leaf of it first, since version 2 wants processes in leaves. Else, as root, the
    hierarchy's root.
    """
    folder = mount / own
    if _hands_down(folder):
        return folder
    if _may_be_emptied(folder) and _step_aside(folder) and _hands_down(folder):
        return folder
    return mount if folder != mount and _hands_down(mount) else None


def _hands_down(folder: Path) -> bool:
    """Hand the controllers on to groups below; False if not even memory and processes can be."""
    try:
        available = (folder / "cgroup.controllers").read_text().split()
        enabled = (folder / "cgroup.subtree_control").read_text().split()
        for name in CONTROLLERS:
            if name in available and name not in enabled:
                (folder / "cgroup.subtree_control").write_text(f"+{name}")
        enabled = (folder / "cgroup.subtree_control").read_text().split()
    except OSError:
        return False
    return MEMORY in enabled and PROCESSES in enabled and _can_make(folder)


def _may_be_emptied(folder: Path) -> bool:
    """Say whether all processes of this group may be moved into a leaf of it.

    Yes if this process is alone, if the group was handed to our (not root's) user, and in a
    container's root group, where everything belongs to the container.
    """
    offered = (folder / "cgroup.controllers").read_text().split()
    if MEMORY not in offered or PROCESSES not in offered:
        return False  # it has nothing to hand down
    members = _members(folder)
    if members == {os.getpid()}:
        return True
    is_handed_over = folder.stat().st_uid == os.getuid() if os.getuid() else 1 in members
    return bool(members) and is_handed_over


def _step_aside(folder: Path) -> bool:
    leaf = folder / "agorithm-platform"
    try:
        leaf.mkdir(exist_ok=True)
        for pid in _members(folder):
            (leaf / "cgroup.procs").write_text(str(pid))
    except OSError:
        return False
    return True


def _can_make(folder: Path) -> bool:
    trial = folder / f"agorithm-trial-{os.getpid()}"
    try:
        trial.mkdir(exist_ok=True)
        trial.rmdir()
    except OSError:
        return False
    return True


def _own_groups(text: str) -> dict[str, str]:
    """Read /proc/self/cgroup: paths by controller, version 2's under the empty name."""
    paths: dict[str, str] = {}
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        paths.update(dict.fromkeys(controllers.split(","), path))
    return paths


def _mounts(text: str) -> list[tuple[str, str, str, str]]:
    """Read /proc/self/mountinfo: (mount point, what of the file system it shows, type, options)."""
    found = []
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        fields = before.split(" ")
        found.append((fields[4], fields[3], kind, options))
    return found


def _below(path: str, shown: str) -> str:
    """A group's path below a mount that shows only a part of the hierarchy (in containers)."""
    if shown != "/" and (path == shown or path.startswith(shown + "/")):
        path = path[len(shown) :]
    return path.lstrip("/")


def _members(folder: Path) -> set[int]:
    try:
        return {int(pid) for pid in (folder / "cgroup.procs").read_text().split()}
    except OSError:
        return set()


def _remove(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
