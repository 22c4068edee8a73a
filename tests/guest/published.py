"""Virtual environments with the packages that authors really install, made once per machine."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from runners import package_index

PACKAGES = ("algorithmia==1.17.*", "algorithmia-adk==1.2.4", "gevent")


def interpreter(python: str) -> str:
    """Give a Python that has PACKAGES; uses this machine's pip settings."""
    name = hashlib.sha256(" ".join((python, *PACKAGES)).encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"agorithm-tests-{os.getuid()}-{name}"
    program = folder / "bin" / "python"
    with Path(f"{folder}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            _uv("venv", "--clear", "-p", python, str(folder))
            _uv("pip", "install", "-p", str(program), *PACKAGES)
            (folder / "done").touch()
    return str(program)


def _uv(*arguments: str) -> None:
    variables = {**os.environ, **package_index.discover().variables()}
    done = subprocess.run(
        (sys.executable, "-m", "uv", *arguments),
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()
