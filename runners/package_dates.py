"""Asks the package index how old some requirements are: when their pinned releases appeared."""

from __future__ import annotations

import subprocess
import tempfile
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import uv
from packaging.requirements import InvalidRequirement, Requirement

from runners import package_index

SECONDS: Final = 20


def newest(lines: list[str], *, python: str) -> date | None:
    """The day on which the newest of the pinned releases appeared; None if that cannot be known.

    Nothing is installed and nothing is built: uv reads the index, and each pin by itself.
    """
    pins = [line for line in lines if _is_pin(line)]
    if not pins:
        return None
    with tempfile.TemporaryDirectory(prefix="dates-") as folder:
        wanted = Path(folder) / "pins.txt"
        wanted.write_text("".join(f"{pin}\n" for pin in pins))
        command = [uv.find_uv_bin(), "pip", "compile", "--quiet", "--no-deps", "--no-build"]
        command += ["--no-cache", "--format", "pylock.toml", "--python-version", python]
        try:
            done = subprocess.run(
                [*command, str(wanted)],
                env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder}
                | package_index.discover().variables(),
                cwd=folder,
                capture_output=True,
                check=True,
                timeout=SECONDS,
            )
            return _newest_in(tomllib.loads(done.stdout.decode()))
        except (subprocess.SubprocessError, OSError, ValueError):
            return None


def _newest_in(lock: dict[str, Any]) -> date | None:
    """The day of the newest package, by the first of its files."""
    days = []
    for package in lock.get("packages", []):
        files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
        times = [file["upload-time"] for file in files if "upload-time" in file]
        if times:
            days.append(min(_in_utc(time) for time in times))
    return max(days).date() if days else None


def _in_utc(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _is_pin(line: str) -> bool:
    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        return False
    operators = [specifier.operator for specifier in requirement.specifier]
    return operators == ["=="] and not requirement.url
