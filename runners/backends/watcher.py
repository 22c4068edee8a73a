"""A small process that outlives ours for a moment, to remove the containers we leave behind.

Nothing ends a container when the process that started it is killed. The watcher reads from a
pipe that only we hold: when it ends without a farewell we are dead, and it clears up.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Final

_FAREWELL: Final = b"done"
_SECONDS_TO_END: Final = 30
_ROOT: Final = Path(__file__).resolve().parents[2]

# Nothing is imported before there is something to do, so that the watcher stays small.
_PROGRAM: Final = f"""
import sys
if sys.stdin.buffer.read() != {_FAREWELL!r}:
    sys.path.insert(0, sys.argv[1])
    from runners.backends.docker import remove_containers_of
    remove_containers_of(sys.argv[2], host=sys.argv[3])
"""


def start(keeper: object, owner: str, *, host: str) -> None:
    """Watch this process for as long as `keeper` is alive in it."""
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(_ROOT), owner, host],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,  # what kills our whole group spares it
    )
    weakref.finalize(keeper, _end, process)


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        process.communicate(_FAREWELL, timeout=_SECONDS_TO_END)
