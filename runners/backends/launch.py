"""The command that makes a bubblewrap sandbox, and the descriptors that travel with it.

Options go through a descriptor, not the command line, where all users of the machine would
read the environment's secrets. The chain of programs: the shell joins the control groups (and,
as root, shows folders that the sandbox's user could not reach), `prlimit` sets the limits of
each process, `setpriv` leaves root, `bwrap` makes the namespaces.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import stat
import subprocess
import termios
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from runners.backends import cgroups, seccomp, system
from runners.backends.cgroups import Group
from runners.backends.gpus import Loan
from runners.backends.leases import SHARED_FOLDER, Lease
from runners.errors import PlatformFault
from runners.specs import Mount, SandboxSpec

_NEEDED: Final = ("bwrap", "prlimit", "setpriv", "unshare", "mount", "sh")
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NAMESPACES: Final = (
    "--unshare-user",
    "--unshare-ipc",
    "--unshare-pid",
    "--unshare-uts",
    "--unshare-net",
    "--unshare-cgroup",
)
_HIDDEN_IN_PROC: Final = ("acpi", "kcore", "keys", "latency_stats", "sched_debug", "timer_list")
_MOST_PROCESSES: Final = 128  # on top of the limit: processes that still die count for a while
_JOIN: Final = f"""
while [ "$1" != -- ]; do mount --bind -- "$1" "$2" || exit 125; shift 2; done; shift
while [ "$1" != -- ]; do echo 0 > "$1" || exit 125; shift; done; shift
echo {system.CHANCE_TO_BE_KILLED} > /proc/self/oom_score_adj
exec "$@"
"""


@dataclass(slots=True)
class Launch:
    """A command ready to be started once."""

    command: list[str]
    descriptors: list[int]
    ready: int  # our end of the pipe the sandbox reads when it is made
    information: int  # where bubblewrap writes the first process's id
    _is_started: bool = field(default=False, repr=False)

    def start(self) -> subprocess.Popen[bytes]:
        """Start it from the thread that will stay as long as the sandbox."""
        try:
            return subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=self.descriptors,
                env={"PATH": _PATH},
                cwd="/",
            )
        finally:
            self._close_descriptors()

    def wait_until_ready(self, seconds: float) -> int | None:
        """Wait until the sandbox stands; give a handle of its first process, None if it failed."""
        poll = select.poll()
        poll.register(self.ready, select.POLLERR)
        poll.poll(seconds * 1000)
        unread = array.array("i", [0])
        fcntl.ioctl(self.ready, termios.FIONREAD, unread)
        if unread[0]:
            return None
        try:
            first = json.loads(os.read(self.information, 4096))["child-pid"]
            return os.pidfd_open(first)
        except (OSError, ValueError, KeyError):
            return None

    def close(self) -> None:
        self._close_descriptors()
        for descriptor in (self.ready, self.information):
            os.close(descriptor)

    def _close_descriptors(self) -> None:
        while self.descriptors:
            os.close(self.descriptors.pop())


def missing_programs() -> list[str]:
    return [name for name in _NEEDED if shutil.which(name, path=_PATH) is None]


def kill(handle: int) -> None:
    """Kill a process by its handle, which never comes to mean another process."""
    signal.pidfd_send_signal(handle, signal.SIGKILL)


def prepare(  # noqa: PLR0913 - all that a sandbox is made of
    spec: SandboxSpec,
    lease: Lease,
    *,
    data_dir: Path,
    group: Group,
    missing: tuple[str, ...],
    loan: Loan | None = None,
) -> Launch:
    """Decide everything about a sandbox; raise PlatformFault if something it names is missing."""
    mounts = system.mounts(spec, data_dir)
    views: dict[str, str] = {}
    if lease.user_lock is not None:
        views = _views([mount.source for mount in mounts], lease)
    shown = [_through(mount, views) for mount in mounts]
    limits = _process_limits(spec, missing)

    with contextlib.ExitStack() as undo:
        made: list[int] = []

        def keep(descriptor: int) -> int:
            undo.callback(os.close, descriptor)
            made.append(descriptor)
            return descriptor

        begin, ready = os.pipe()
        keep(begin), keep(ready)
        information, written = os.pipe()
        keep(information), keep(written)
        os.write(ready, b".")
        filter_ = keep(_memory_file(seccomp.program()))
        options = _options(spec, shown, loan)
        options += ["--seccomp", str(filter_), "--block-fd", str(begin), "--info-fd", str(written)]
        passed = [begin, written, filter_]
        arguments = keep(_memory_file(b"".join(os.fsencode(text) + b"\0" for text in options)))
        passed.append(arguments)
        command = [*_chain(lease, group, views), *limits, *_as_user(lease)]
        command += ["bwrap", "--args", str(arguments), "--", *spec.argv]
        undo.pop_all()
        return Launch(command, passed, ready, information)


def _options(spec: SandboxSpec, mounts: list[Mount], loan: Loan | None) -> list[str]:
    options = [*_NAMESPACES, "--die-with-parent", "--new-session", "--clearenv"]
    if "--disable-userns" in _help():
        options.append("--disable-userns")
    options += ["--cap-drop", "ALL", "--hostname", system.HOST_NAME]
    options += ["--uid", str(system.USER), "--gid", str(system.USER)]
    for link, target in system.links(spec.image):
        options += ["--symlink", target, link]
    options += ["--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys"]
    for name in _HIDDEN_IN_PROC:
        if Path("/proc", name).is_file():
            options += ["--ro-bind", "/dev/null", f"/proc/{name}"]
    options += ["--dev", "/dev"]
    for source, device in loan.files() if loan is not None else ():
        options += ["--dev-bind", source, device]
    options += [
        "--size",
        str(system.SHARED_MEMORY),
        "--perms",
        "1777",
        "--tmpfs",
        system.SHARED_FOLDER,
    ]
    options += ["--remount-ro", "/dev"]
    options += ["--size", str(spec.limits.disk), "--perms", "1777", "--tmpfs", system.SCRATCH]
    for folder in _parents(mounts):
        options += ["--dir", folder]
    for mount in mounts:
        kind = "--bind" if mount.writable else "--ro-bind"
        options += [kind, mount.source, mount.target]
    if spec.working_folder.startswith(f"{system.SCRATCH}/"):
        options += ["--dir", spec.working_folder]
    options += ["--chdir", spec.working_folder, "--remount-ro", "/"]
    for name, value in (*spec.environment, *(loan.variables() if loan is not None else ())):
        options += ["--setenv", name, value]
    return options


def _parents(mounts: list[Mount]) -> list[str]:
    """The folders of the root file system that mounts stand in, so that all may pass through."""
    targets = {mount.target for mount in mounts}
    parents = {str(parent) for target in targets for parent in Path(target).parents}
    top = {path for path in parents if not any(path.startswith(t + "/") for t in targets)}
    return sorted(top - targets - {"/", system.SCRATCH})


def _process_limits(spec: SandboxSpec, missing: tuple[str, ...]) -> list[str]:
    """Limits each process carries; those of memory and processes only where no group has them."""
    limits = system.process_limits(spec.limits)
    if cgroups.MEMORY in missing:
        limits["data"] = system.at_most("data", spec.limits.memory)
    if cgroups.PROCESSES in missing:
        limits["nproc"] = system.at_most("nproc", spec.limits.processes + _MOST_PROCESSES)
    return ["prlimit", *(f"--{name}={value}" for name, value in limits.items())]


def _chain(lease: Lease, group: Group, views: dict[str, str]) -> list[str]:
    shown = [word for source, place in views.items() for word in (source, place)]
    private = ["unshare", "--mount", "--propagation", "private"] if views else []
    return [*private, "sh", "-c", _JOIN, f"sandbox-{lease.token}", *shown, "--", *group.doors, "--"]


def _as_user(lease: Lease) -> list[str]:
    """Leave root for good. The check is here, where it cannot be forgotten: real root escapes."""
    if lease.uid == 0:
        raise PlatformFault("A sandbox may not be started as root.")
    if lease.user_lock is None:
        return []
    identity = [f"--reuid={lease.uid}", f"--regid={lease.gid}", "--clear-groups"]
    return ["setpriv", *identity, "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]


def _views(sources: list[str], lease: Lease) -> dict[str, str]:
    """Folders below which the sandbox's user can go on by itself, and where root shows them.

    bubblewrap looks for what it mounts as the sandbox's user, who cannot pass through a home.
    """
    views: dict[str, str] = {}
    for source in sources:
        start = _first_reachable(Path(source), lease)
        if start is None or str(start) in views:
            continue
        kind = "folder" if start.is_dir() else "file"
        place = SHARED_FOLDER / "views" / f"{kind}-{len(views)}"
        place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        if kind == "folder":
            place.mkdir(mode=0o755, exist_ok=True)
        else:
            place.touch(mode=0o644)
        views[str(start)] = str(place)
    return views


def _first_reachable(path: Path, lease: Lease) -> Path | None:
    """Give what stands below the last folder the user cannot enter; None if all can be."""
    for parent, child in zip(path.parents, (path, *path.parents), strict=False):
        status = parent.stat()
        may = stat.S_IXOTH
        if status.st_uid == lease.uid:
            may = stat.S_IXUSR
        elif status.st_gid == lease.gid:
            may = stat.S_IXGRP
        if not status.st_mode & may:
            return child
    return None


def _through(mount: Mount, views: dict[str, str]) -> Mount:
    for start, place in views.items():
        if mount.source == start or mount.source.startswith(start + "/"):
            return Mount(place + mount.source[len(start) :], mount.target, mount.writable)
    return mount


def _memory_file(content: bytes) -> int:
    descriptor = os.memfd_create("agorithm")
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


@cache
def _help() -> str:
    return subprocess.run(["bwrap", "--help"], capture_output=True, text=True, check=True).stdout
