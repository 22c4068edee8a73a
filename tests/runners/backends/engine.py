"""A Docker Engine for the tests: started by the first worker that asks, stopped by the last."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.machine import only_root

SECONDS = 120


@contextmanager
def shared(folder: Path) -> Iterator[str]:
    """Give the address of an engine all workers of this test session share."""
    _require()
    with _locked(folder) as state:
        if not state:
            state.update(_start())
        state["users"] += 1
    try:
        yield state["address"]
    finally:
        with _locked(folder) as state:
            state["users"] -= 1
            if state["users"] == 0:
                _stop(state)
                state.clear()


def _require() -> None:
    """`make test` installs the engine where it may; only an ordinary user has to do without."""
    if os.getuid():
        pytest.skip(only_root("start a Docker Engine"))
    assert shutil.which("dockerd"), "dockerd is missing: apt-get install docker.io"


@contextmanager
def _locked(folder: Path) -> Iterator[dict[str, Any]]:
    file = folder / "docker-engine.json"
    with (folder / "docker-engine.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = json.loads(file.read_text()) if file.exists() else {}
        yield state
        file.write_text(json.dumps(state))


@contextmanager
def alone(programs: Path) -> Iterator[str]:
    """Give the address of an engine of a test's own, which finds these programs first."""
    _require()
    state = _start({**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"})
    try:
        yield state["address"]
    finally:
        _stop(state)


def _start(environment: dict[str, str] | None = None) -> dict[str, Any]:
    """Start it with everything it owns in one folder, and no network of its own."""
    home = Path(tempfile.mkdtemp(prefix="agorithm-engine-"))
    address = f"unix://{home}/sock"
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                "dockerd",
                *("--data-root", home / "data", "--exec-root", home / "exec"),
                *("--pidfile", home / "pid", "-H", address),
                *("--bridge", "none", "--iptables=false", "--ip-masq=false"),
            ],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + SECONDS
    while b"API listen on" not in (home / "log").read_bytes():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"dockerd does not start: {(home / 'log').read_text()[-2000:]}")
        time.sleep(0.05)
    process.returncode = 0  # it is stopped by its pid, perhaps by another worker
    return {"address": address, "home": str(home), "pid": process.pid, "users": 0}


def _stop(state: dict[str, Any]) -> None:
    os.kill(state["pid"], signal.SIGTERM)
    deadline = time.monotonic() + SECONDS
    while _is_alive(state["pid"]) and time.monotonic() < deadline:
        time.sleep(0.05)
    shutil.rmtree(state["home"], ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == 0
    except ChildProcessError:  # another worker's, which does not ask how it has ended
        with suppress(OSError):
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        return False
