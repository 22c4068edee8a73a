"""Runs the `git` program so that nothing outside a repository can change what it does.

No system or user configuration, no hooks, no prompts, no credentials, no replacement objects;
paths are always literal. Every command ends within a minute.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from django.utils.translation import gettext as _

from marketplace.lib.errors import Unavailable

TIMEOUT_SECONDS: Final = 60
_PIECE: Final = 64 * 1024
_ENVIRONMENT: Final = {
    "GIT_ALLOC_LIMIT": "256m",  # some bytes of a pack can ask for gigabytes; blobs are streamed
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "/bin/false",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "HOME": "/nonexistent",
    "LC_ALL": "C.UTF-8",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "TZ": "UTC",
}
_OPTIONS: Final = (
    *("-c", "safe.directory=*"),
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.fsync=committed,reference"),
    *("-c", "gc.auto=0"),
    *("-c", "commit.gpgSign=false"),
)


_SERVING: Final = (
    "transfer.fsckObjects=true",
    "receive.fsck.badTimezone=ignore",  # commits of programs that are long gone
    "receive.autogc=false",  # nothing that was ever built may be tidied away
    "receive.advertisePushOptions=false",
    "uploadpack.allowFilter=true",
    "core.bigFileThreshold=16m",
    "pack.threads=1",
    "pack.windowMemory=64m",
    "pack.deltaCacheSize=64m",
)


class Program(bytes):
    """The content of a file that can be run."""


class GitFailed(Exception):
    """The program said no; the message is what it printed."""


class PrintedTooMuch(Exception):
    """The program has more to say than was asked for."""


def run(
    *arguments: str,
    repository: Path | None = None,
    stdin: bytes = b"",
    environment: dict[str, str] | None = None,
) -> bytes:
    """Run a command and give what it printed; raise GitFailed if it did not succeed."""
    try:
        done = subprocess.run(
            _command(repository, arguments),
            input=stdin,
            env=_ENVIRONMENT | (environment or {}),
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(_("A git repository did not answer in time. Please try again.")) from None
    if done.returncode:
        raise GitFailed(done.stderr.decode(errors="replace").strip()[:500])
    return done.stdout


def records(*arguments: str, repository: Path, most_bytes: int) -> Generator[bytes]:
    """Give what a command prints, up to each NUL, as it comes; it ends when nobody asks for more.

    A few objects can be printed as gigabytes, so nothing is kept, and PrintedTooMuch is raised
    in time. Raise GitFailed if it did not succeed.
    """
    process = subprocess.Popen(
        _command(repository, arguments),
        env=_ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None  # noqa: S101 - asked for above
    deadline = threading.Timer(TIMEOUT_SECONDS, process.kill)
    deadline.start()
    try:
        left, count = b"", 0
        while piece := process.stdout.read(_PIECE):
            count += len(piece)
            if count > most_bytes:
                raise PrintedTooMuch
            *whole, left = (left + piece).split(b"\0")
            yield from whole
        if process.wait() == -signal.SIGKILL:
            raise Unavailable(_("A git repository did not answer in time. Please try again."))
        if process.returncode:
            raise GitFailed(f"it ended with {process.returncode}")
    finally:
        deadline.cancel()
        process.kill()
        process.communicate()


def download(
    *arguments: str,
    repository: Path,
    options: Sequence[str],
    seconds: int,
    most_bytes: int,
    environment: dict[str, str],
) -> None:
    """Run a command that writes no file larger than so, and ends in time with all it has started."""
    prlimit = shutil.which("prlimit")
    if prlimit is None:
        raise Unavailable(_("The program prlimit is not installed on this server."))
    configured = tuple(word for option in options for word in ("-c", option))
    command = [prlimit, f"--fsize={most_bytes}", "--core=0", *_command(repository, configured)]
    process = subprocess.Popen(
        [*command, *arguments],
        env=_ENVIRONMENT | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _out, said = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise GitFailed(f"it took longer than {seconds} seconds") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.returncode:
        raise GitFailed(said.decode(errors="replace").strip()[-500:])


def service(
    name: str, repository: Path, *, is_advertisement: bool, options: Sequence[str] = ()
) -> list[str]:
    """The command that speaks git's own protocol over its standard streams, once."""
    said = ("--advertise-refs",) if is_advertisement else ()
    configured = [word for option in (*_SERVING, *options) for word in ("-c", option)]
    service = (name, "--stateless-rpc", *said, str(repository))
    return _command(None, (*configured, *service))


def service_environment(**further: str) -> dict[str, str]:
    """What such a command finds in its environment."""
    return dict(_ENVIRONMENT) | further


@contextmanager
def objects(repository: Path) -> Iterator[ObjectReader]:
    """Read many objects through one process."""
    process = subprocess.Popen(
        _command(repository, ("cat-file", "--batch")),
        env=_ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None  # noqa: S101 - asked for above
    assert process.stdout is not None  # noqa: S101
    try:
        yield ObjectReader(process.stdin, process.stdout)
    finally:
        process.kill()
        process.communicate()


class ObjectReader:
    """The two ends of one `git cat-file --batch`."""

    def __init__(self, requests: IO[bytes], answers: IO[bytes]) -> None:
        self._requests = requests
        self._answers = answers

    def copy(self, blob: str, into: IO[bytes]) -> None:
        """Write the content of a blob, however large, in small pieces."""
        self._requests.write(blob.encode() + b"\n")
        self._requests.flush()
        header = self._answers.readline().split()
        if len(header) != 3:
            raise GitFailed(f"{blob} cannot be read")
        left = int(header[2])
        while left:
            piece = self._answers.read(min(left, 1024 * 1024))
            if not piece:
                raise GitFailed(f"{blob} ended early")
            into.write(piece)
            left -= len(piece)
        self._answers.read(1)


def _command(repository: Path | None, arguments: tuple[str, ...]) -> list[str]:
    program = shutil.which("git")
    if program is None:
        raise Unavailable(_("The program git is not installed on this server; its operator must."))
    place = () if repository is None else (f"--git-dir={repository}",)
    return [program, *_OPTIONS, *place, *arguments]
