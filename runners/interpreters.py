"""What is known of an interpreter, whatever its language; each language finds its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PYTHON_LANGUAGE: Final = "python3"
_SECONDS: Final = 20


@dataclass(frozen=True, slots=True)
class Runtime:
    """An interpreter as this machine has it."""

    slug: str  # python311
    language: str  # the wire's word
    version: str  # 3.11.7
    prefix: str  # on this host
    executable: str  # its name in the prefix's bin
    is_shared: bool  # it needs its libpython beside it
    platform: str  # system, processor and C library, as it names them
    image: str = ""  # in the words of the sandbox backend, where it stands in one
    content: str = ""  # the digest of that image
    release: str = ""  # what authors choose, where that is not the first two numbers

    @property
    def minor(self) -> str:
        """The release that authors choose: 3.11 of Python, 20 of Node.js."""
        return self.release or ".".join(self.version.split(".")[:2])

    @property
    def is_python(self) -> bool:
        return self.language == PYTHON_LANGUAGE

    @property
    def key(self) -> tuple[int, ...]:
        return tuple(int(part) for part in self.version.split("."))


def programs(names: str, folders: Iterator[Path]) -> Iterator[Path]:
    """Machine programs whose name fits the pattern, each once; scripts that stand for one are none."""
    seen: set[Path] = set()
    for folder in folders:
        for path in sorted(folder.glob(names)):
            program = path.resolve()
            if program not in seen and is_program(program):
                seen.add(program)
                yield path


def usual_folders() -> Iterator[Path]:
    """Where programs stand: the PATH, the system's folders, and what is installed apart."""
    yield from (Path(folder) for folder in os.get_exec_path() if folder)
    yield from (Path("/usr/bin"), Path("/usr/local/bin"))
    yield from sorted(Path("/opt").glob("*/bin"))


def is_program(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"\x7fELF" and os.access(path, os.X_OK)
    except OSError:
        return False


def ask(command: list[str], **environment: str) -> str | None:
    """What a program prints; None if it fails."""
    try:
        answer = subprocess.run(
            command,
            capture_output=True,
            check=True,
            text=True,
            timeout=_SECONDS,
            env={"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin", **environment},
        )
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return answer.stdout


def newest_of_each(found: Iterator[Runtime]) -> list[Runtime]:
    """The newest patch of each release, oldest release first."""
    newest: dict[str, Runtime] = {}
    for runtime in found:
        rival = newest.get(runtime.slug)
        if rival is None or rival.key < runtime.key:
            newest[runtime.slug] = runtime
    return sorted(newest.values(), key=lambda runtime: runtime.key)
