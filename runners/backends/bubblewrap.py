"""Sandboxes from Linux namespaces, control groups and seccomp, made by the program bubblewrap.

bubblewrap is never started by root: root's sandboxes each get an unprivileged user id of their
own. A thread per sandbox starts it, reads what it prints and waits for its end; the kernel
kills the sandbox when that thread dies, so none outlives this process, however it ends.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from runners.backends import cgroups, folders, gpus, launch, seccomp, selftest
from runners.backends.base import Exit, Image
from runners.backends.cgroups import Group
from runners.backends.gpus import Devices
from runners.backends.launch import Launch
from runners.backends.leases import Lease, Leases
from runners.backends.output import Output
from runners.errors import PlatformFault
from runners.specs import SandboxSpec

_SECONDS_TO_START: Final = 30.0
_SECONDS_TO_END: Final = 30.0
_CHUNK: Final = 64 * 1024
_LIMITED: Final = {
    cgroups.MEMORY: "memory",
    cgroups.PROCESSES: "the number of processes",
    cgroups.PROCESSOR: "processor time",
}
_NO_LIMITS: Final = (
    "Limits of {missing} are not enforced by the kernel, only by each process for itself: no "
    "control groups can be written. Run as root, or under "
    "`systemd-run --user --scope -p Delegate=yes`."
)
_ONE_USER: Final = (
    "All sandboxes run as this user, since only root can give each a user id of its own."
)
_SWITCHES: Final = (
    ("kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"),
    ("user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=15000"),
    (
        "kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "an AppArmor profile for bwrap with the rule `userns,`",
    ),
)


class BubblewrapSandbox:
    """One program inside namespaces."""

    def __init__(self, spec: SandboxSpec, lease: Lease, group: Group) -> None:
        self._name = spec.name
        self._lease = lease
        self._group = group
        self._output = Output()
        self._ended = threading.Event()
        self._is_closed = False
        self._closing = threading.Lock()
        self._exit = Exit(125)
        self._init: int | None = None  # a handle of the first process inside
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        return self._name

    def begin(self, prepared: Launch) -> None:
        """Start it; return when all namespaces stand and the program is about to run."""
        begun = threading.Event()
        thread = threading.Thread(
            target=self._live, args=(prepared, begun), name=f"sandbox {self._name}", daemon=True
        )
        thread.start()
        begun.wait()
        self._init = prepared.wait_until_ready(_SECONDS_TO_START)
        if self._init is None:
            self.kill()
            self._ended.wait(_SECONDS_TO_END)
            raise PlatformFault(f"The sandbox could not be made: {self.tail().strip()[-500:]}.")

    def lines(self) -> Iterator[str]:
        return self._output.lines()

    def tail(self) -> str:
        return self._output.tail()

    def wait(self, timeout: float | None = None) -> Exit | None:
        return self._exit if self._ended.wait(timeout) else None

    def kill(self) -> None:
        self._output.abandon()
        if self._ended.is_set():
            return
        if self._init is not None:
            with contextlib.suppress(ProcessLookupError):  # bubblewrap then ends by itself
                launch.kill(self._init)
        elif self._process is not None:
            self._process.kill()
        self._group.kill()

    def close(self) -> None:
        with self._closing:
            if self._is_closed:
                return
            self.kill()
            if not self._ended.wait(_SECONDS_TO_END):
                raise PlatformFault(f"The sandbox {self._name} could not be ended.")
            self._group.remove()
            if self._init is not None:
                os.close(self._init)
            self._lease.release()
            self._is_closed = True

    def _live(self, prepared: Launch, begun: threading.Event) -> None:
        """The sandbox's thread. It must stay until the end: its death is the sandbox's."""
        code = 125
        try:
            with prepared.start() as process:
                self._process = process
                begun.set()
                for chunk in _chunks(process):
                    self._output.feed(chunk)
                code = process.wait()
        except OSError as error:
            self._output.feed(str(error).encode())
        finally:
            code = 128 - code if code < 0 else code
            is_out_of_memory = code != 0 and self._group.out_of_memory_kills() > 0
            self._exit = Exit(code, is_out_of_memory)
            self._output.finish()
            self._ended.set()
            begun.set()


class BubblewrapBackend:
    """The embedded default, where no Docker Engine answers."""

    name = "bubblewrap"

    def __init__(self, data_dir: Path, *, devices: Devices | None = None) -> None:
        self._data_dir = data_dir.resolve()
        self._devices = devices or Devices(data_dir)
        self._leases = Leases(data_dir, kind=self.name)
        self._cgroups = cgroups.find()
        self._asking = threading.Lock()
        self._answer: str | None = None
        self._is_asked = False

    def problem(self) -> str | None:
        with self._asking:
            if not self._is_asked:
                self._answer = self._find_problem()
                self._is_asked = True
            return self._answer

    def weaknesses(self) -> tuple[str, ...]:
        found = []
        if self._cgroups.missing:
            *others, last = (_LIMITED[name] for name in self._cgroups.missing)
            missing = f"{', '.join(others)} and {last}" if others else last
            found.append(_NO_LIMITS.format(missing=missing))
        if os.getuid():
            found.append(_ONE_USER)
        if self._devices.is_shared:
            found.append(gpus.SHARED)
        return tuple(found)

    def image(self, name: str) -> Image:
        return folders.image(name)

    def gpu_slots(self) -> int:
        return self._devices.slots

    def sockets_folder(self, name: str) -> Path:
        return self._leases.reserve(name).make_sockets_folder()

    def admit(self, socket: Path) -> None:
        self._leases.holder(socket).admit(socket)

    def discard_sockets(self, name: str) -> None:
        self._leases.discard(name)

    def start(self, spec: SandboxSpec) -> BubblewrapSandbox:
        if launch.missing_programs():
            raise PlatformFault(_missing())
        lease = self._leases.take(spec.name)
        group = Group()
        prepared: Launch | None = None
        try:
            loan = lease.keep(self._devices.take()) if spec.gpu else None
            group = self._make_group(spec, lease)
            for mount in spec.mounts:
                if mount.writable:
                    lease.give(mount.source)
            lease.note(groups=[str(folder) for folder in group.folders])
            prepared = launch.prepare(
                spec,
                lease,
                data_dir=self._data_dir,
                group=group,
                missing=self._cgroups.missing,
                loan=loan,
            )
            sandbox = BubblewrapSandbox(spec, lease, group)
            sandbox.begin(prepared)
        except (OSError, PlatformFault) as error:
            group.remove()
            lease.release()
            raise PlatformFault(str(error)) from error
        finally:
            if prepared is not None:
                prepared.close()
        return sandbox

    def sweep(self) -> int:
        swept = 0
        for leftover in self._leases.leftovers():
            group = Group(tuple(map(Path, leftover.words("groups"))))
            group.kill()
            group.remove()
            leftover.clear()
            swept += 1
        return swept

    def _make_group(self, spec: SandboxSpec, lease: Lease) -> Group:
        name = f"agorithm-{self._leases.installation}-{lease.token}"
        return self._cgroups.make(name, spec.limits)

    def _find_problem(self) -> str | None:
        if launch.missing_programs():
            return _missing()
        if not seccomp.is_supported():
            return f"There is no system call filter for the processor {os.uname().machine}."
        found = selftest.problem(self, limits_memory="memory" not in self._cgroups.missing)
        if found is None:
            return None
        return f"{found} {_hint()}".strip()


def _chunks(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    if process.stdout is not None:
        while chunk := os.read(process.stdout.fileno(), _CHUNK):
            yield chunk


def _missing() -> str:
    names = launch.missing_programs()
    return (
        f"The program {names[0]} is missing: install the packages bubblewrap and util-linux "
        "(on Debian and Ubuntu: apt-get install bubblewrap util-linux)."
    )


@cache
def _hint() -> str:
    """What usually keeps unprivileged user namespaces from being made."""
    for switch, value, advice in _SWITCHES:
        with contextlib.suppress(OSError):
            if Path("/proc/sys", switch).read_text().strip() == value:
                return (
                    f"This kernel refuses user namespaces to ordinary users; what helps: {advice}."
                )
    return ""
