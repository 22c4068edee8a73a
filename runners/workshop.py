"""Runs installers in sandboxes that reach the package index and nothing else.

Every sandbox has one writable folder, its own; nothing is shared between builds while code of
strangers runs. Output comes line by line; time, memory and disk have limits.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import queue
import secrets
import shutil
import stat
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uv

from runners import egress, runtimes
from runners.backends.base import Backend, Exit, Sandbox
from runners.egress_policy import Policy
from runners.errors import BuildFailed
from runners.installing import Index
from runners.runtimes import PreparedRuntime
from runners.specs import Limits, Mount, SandboxSpec

FOLDER: Final = runtimes.ENVIRONMENT  # the writable folder, where it stands at run time as well
NOTES: Final = ".build"  # in it: what goes in and out besides the environment itself
UV: Final = "/opt/agorithm/uv"
_INSTALL: Final = "/opt/agorithm/install.py"
_LAUNCHER: Final = Path(__file__).resolve().parent / "environments" / "python3" / "install.py"
_PROXY: Final = "http://127.0.0.1:9001"  # where install.py listens
_PULSE_SECONDS: Final = 0.25
_MEASURE_SECONDS: Final = 2.0
_LINES_AHEAD: Final = 1000
"""How far a sandbox may be ahead of whoever follows; then it waits."""
_REMEMBERED: Final = 1024 * 1024
_MOST_REFUSALS: Final = 20
_LARGEST_NOTE: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Workshop:
    """What all sandboxes of one build have in common."""

    backend: Backend
    runtime: PreparedRuntime
    index: Index
    limits: Limits
    deadline: float  # on the monotonic clock
    disk: int  # bytes that the writable folder may hold
    pulse: Callable[[], None] = lambda: None  # called often; what it raises ends the build

    def check(self) -> None:
        """Raise if the build must not go on."""
        self.pulse()
        if time.monotonic() > self.deadline:
            raise BuildFailed("The build took longer than it may; install fewer packages.")


@dataclass(frozen=True, slots=True)
class Result:
    """How a sandbox ended and what it said."""

    exit: Exit
    output: str
    refusals: tuple[str, ...]


def run(
    shop: Workshop, folder: Path, commands: list[list[str]], *, is_quiet: bool = False
) -> Generator[str, None, Result]:
    """Run commands one after the other with `folder` writable; yield what they print."""
    name = f"build-{secrets.token_hex(6)}"
    refusals: dict[str, None] = {}
    printed = _Tail()
    with _way_out(shop, name, refusals) as sockets:
        sandbox = shop.backend.start(_spec(shop, name, sockets, folder, commands))
        try:
            for line in _follow(shop, sandbox, folder):
                printed.add(line)
                if not is_quiet:
                    yield line
            ended = sandbox.wait(30)
        finally:
            sandbox.close()
    yield from (f"Refused: {sentence}" for sentence in refusals)
    return Result(ended or Exit(137), printed.text, tuple(refusals))


def write_note(folder: Path, name: str, text: str) -> None:
    """Give the next sandbox something to read; `read_note` afterwards trusts nothing."""
    notes = folder / NOTES
    notes.mkdir(exist_ok=True)
    (notes / name).write_text(text)


def read_note(folder: Path, name: str) -> str:
    """Read what a sandbox left, which may not be what it seems."""
    try:
        notes = os.open(folder / NOTES, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return ""
    try:
        note = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=notes)
    except OSError:
        return ""
    finally:
        os.close(notes)
    with os.fdopen(note, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST_NOTE:
            return ""
        return file.read(_LARGEST_NOTE).decode(errors="replace")


def clear_notes(folder: Path) -> None:
    notes = folder / NOTES
    if notes.is_symlink() or notes.is_file():
        notes.unlink()
    else:
        shutil.rmtree(notes, ignore_errors=True)


def size_of(folder: Path) -> int:
    """Bytes on disk, following no links and counting a file with several names once."""
    seen: set[int] = set()
    total = 0
    for _, _, files, descriptor in os.fwalk(folder, onerror=None):
        for name in files:
            with contextlib.suppress(OSError):
                status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                if status.st_ino not in seen:
                    seen.add(status.st_ino)
                    total += status.st_blocks * 512
    return total


class _Tail:
    """The last lines of what was printed, however much that was."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque()
        self._size = 0

    def add(self, line: str) -> None:
        self._lines.append(line)
        self._size += len(line) + 1
        while self._size > _REMEMBERED:
            self._size -= len(self._lines.popleft()) + 1

    @property
    def text(self) -> str:
        return "\n".join(self._lines)


@contextlib.contextmanager
def _way_out(shop: Workshop, name: str, refusals: dict[str, None]) -> Iterator[str]:
    """Listen for a sandbox to be started under this name; give its sockets folder."""
    hosts = shop.index.hosts()
    if not hosts:
        yield ""
        return

    def note(sentence: str) -> None:
        if len(refusals) < _MOST_REFUSALS:
            refusals[sentence] = None

    folder = shop.backend.sockets_folder(name)
    try:
        socket = folder / "egress.sock"
        with egress.in_thread(socket, Policy.hosts(hosts), report=note):
            shop.backend.admit(socket)
            yield str(folder)
    finally:
        shop.backend.discard_sockets(name)


def _spec(
    shop: Workshop, name: str, sockets: str, folder: Path, commands: list[list[str]]
) -> SandboxSpec:
    mounts = (
        *runtimes.interpreter_mounts(shop.runtime.runtime.slug),
        Mount(str(_LAUNCHER), _INSTALL),
        Mount(uv.find_uv_bin(), UV),
        Mount(str(folder), FOLDER, writable=True),
        *shop.index.mounts(),
    )
    variables = {
        "PATH": f"{FOLDER}/bin:{shop.runtime.place}/bin:/usr/bin:/bin",
        "HOME": "/tmp/work",  # noqa: S108 - inside the sandbox
        "LANG": "C.UTF-8",
        "NO_COLOR": "1",
        "UV_NO_PROGRESS": "1",
        "UV_CACHE_DIR": f"{FOLDER}/{NOTES}/cache",
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_HTTP_TIMEOUT": "60",
        "HTTP_PROXY": _PROXY if sockets else "",
        "HTTPS_PROXY": _PROXY if sockets else "",
        "http_proxy": _PROXY if sockets else "",  # libcurl knows this one in small letters only
        **dict(runtimes.variables(shop.runtime.runtime.slug)),
        **shop.index.variables(),
    }
    python = runtimes.python_for(shop.runtime.runtime.slug)
    return SandboxSpec(
        name=name,
        argv=(python.program, "-I", "-S", _INSTALL, json.dumps(commands)),
        mounts=mounts,
        environment=tuple((key, value) for key, value in variables.items() if value),
        limits=shop.limits,
        sockets=sockets,
        image=shop.runtime.runtime.image,
    )


def _follow(shop: Workshop, sandbox: Sandbox, folder: Path) -> Iterator[str]:
    """Give each line as it comes, and look at the time and the disk in between."""
    lines: queue.Queue[str | None] = queue.Queue(_LINES_AHEAD)
    is_over = threading.Event()

    def read() -> None:
        for line in itertools.chain(sandbox.lines(), [None]):
            while not is_over.is_set():
                with contextlib.suppress(queue.Full):
                    lines.put(line, timeout=_PULSE_SECONDS)
                    break
            if is_over.is_set():
                return

    threading.Thread(target=read, name=f"log {sandbox.name}", daemon=True).start()
    try:
        yield from _look_after(shop, folder, lines)
    finally:
        is_over.set()


def _look_after(shop: Workshop, folder: Path, lines: queue.Queue[str | None]) -> Iterator[str]:
    measured = time.monotonic()
    while True:
        try:
            line = lines.get(timeout=_PULSE_SECONDS)
        except queue.Empty:
            line = ""
        else:
            if line is None:
                return
            yield line
        shop.check()
        if time.monotonic() - measured > _MEASURE_SECONDS:
            _require_room(shop, folder)
            measured = time.monotonic()


def _require_room(shop: Workshop, folder: Path) -> None:
    if size_of(folder) > shop.disk:
        raise BuildFailed(
            f"The packages need more than {shop.disk >> 20} MB of disk, which is the limit."
        )
