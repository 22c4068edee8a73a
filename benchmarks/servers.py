"""Start and stop the servers that are measured: our site with one algorithm, and the peers."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import Algorithmia

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable


@dataclass(frozen=True)
class Site:
    """Our site with one published algorithm."""

    port: int
    key: str
    path: str
    data_dir: Path
    pid: int


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def fastapi_echo() -> Iterator[int]:
    """FastAPI under uvicorn with its fastest parts."""
    port = free_port()
    command = [PYTHON, "-m", "uvicorn", "benchmarks.peers.fastapi_echo:app"]
    options = ["--port", str(port), "--no-access-log", "--log-level", "error"]
    with _running([*command, *options], dict(os.environ), f"http://127.0.0.1:{port}/docs"):
        yield port


@contextlib.contextmanager
def site(backend: str = "bubblewrap", source: str | None = None, **settings: str) -> Iterator[Site]:
    """The real site in one process, with an algorithm built and published through its API."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        environment = {
            **os.environ,
            "DATA_DIR": folder,
            "SITE_URL": address,
            "RUNNER_BACKEND": backend,
            "DJANGO_SETTINGS_MODULE": "marketplace.settings",
            **settings,
        }
        for command in (["migrate", "-v0"], ["sync_environments"]):
            _manage(command, environment)
        person = json.loads(_manage(["add_person", "bench"], environment).splitlines()[-1])
        with _running(
            [PYTHON, "manage.py", "serve", "--port", str(port)], environment, f"{address}/readyz"
        ) as process:
            _publish(address, person["key"], source)
            yield Site(port, person["key"], "bench/Echo", Path(folder), process.pid)


def _publish(address: str, key: str, source: str | None) -> None:
    client = Algorithmia.client(key, address)
    algorithm = client.algo("bench/Echo")
    algorithm.create(
        {"label": "Echo"},
        {
            "source_visibility": "closed",
            "license": "apl",
            "network_access": "isolated",
            "pipeline_enabled": False,
            "language": "python3-1",
            "environment": "cpu",
        },
    )
    if source is not None:
        _save(address, key, source)
    algorithm.compile()
    algorithm.publish(
        version_info={"version_type": "minor", "sample_input": '{"a": 1}'},
        settings={"algorithm_callability": "public"},
    )


def _save(address: str, key: str, source: str) -> None:
    body = json.dumps({"changes": {"src/Echo.py": source}, "message": "Benchmark"}).encode()
    headers = {"Authorization": f"Simple {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(
        f"{address}/algorithms/bench/Echo/files/", data=body, headers=headers
    )
    urllib.request.urlopen(request).close()


def _manage(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        [PYTHON, "manage.py", *command],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


@contextlib.contextmanager
def _running(
    command: list[str], environment: dict[str, str], ready: str
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        _wait(process, ready)
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"A server ended with {process.returncode}: {process.args!r}")
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(address, timeout=2).close()
            return
        time.sleep(0.1)
    raise SystemExit(f"{address} did not answer within a minute.")
