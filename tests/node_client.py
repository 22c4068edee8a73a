"""The predecessor's published Node client, unmodified, fetched when it is first needed."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent / "clients" / "node"


def run(script: str, *arguments: str) -> list[Any]:
    """Run one of the scripts beside the client; give what the client gave its callback."""
    install()
    done = subprocess.run(
        ["node", script, *arguments],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: list[Any] = json.loads(done.stdout)
    return answer


def install() -> None:
    """Fetch the client unless it is there; several pytest workers may ask at once."""
    npm = shutil.which("npm")
    assert npm is not None, "npm is missing; `make test` provides it."
    options = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
    with (FOLDER / "package.json").open() as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not (FOLDER / "node_modules" / "algorithmia").exists():
            subprocess.run([npm, "install", *options], cwd=FOLDER, check=True, capture_output=True)
