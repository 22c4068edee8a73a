"""The guest compiled for each interpreter, so that no sandbox has to do so when it starts.

Sandboxes see the guest's folder read-only and cannot keep what they compile. Where we cannot
write there either nothing is lost but those milliseconds.
"""

from __future__ import annotations

import contextlib
import os
import struct
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from runners.interpreters import Runtime

_SECONDS: Final = 60
_STAMP: Final = struct.Struct("<II")  # when the source was changed, and its size


def write(runtime: Runtime, folder: Path) -> None:
    """Bring the bytecode of every module up to date; two processes may do so at once."""
    if all(_is_fresh(source, runtime) for source in folder.rglob("*.py")):
        return
    if not os.access(folder, os.W_OK):
        return
    program = Path(runtime.prefix) / "bin" / runtime.executable
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        subprocess.run(
            [program, "-I", "-S", "-m", "compileall", "-q", folder],
            capture_output=True,
            check=False,
            timeout=_SECONDS,
            env={"LANG": "C.UTF-8"},
        )


def _is_fresh(source: Path, runtime: Runtime) -> bool:
    """Whether an interpreter would take the compiled file that lies there."""
    tag = f"cpython-{runtime.minor.replace('.', '')}"
    try:
        about = source.stat()
        with (source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc").open("rb") as compiled:
            compiled.seek(4 if runtime.minor == "3.6" else 8)
            stamp = compiled.read(_STAMP.size)
    except OSError:
        return False
    return stamp == _STAMP.pack(int(about.st_mtime) & 0xFFFFFFFF, about.st_size & 0xFFFFFFFF)
