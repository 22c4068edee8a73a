"""Says in a sentence which line of an author's code kept a module from loading."""

from __future__ import annotations

import re
from typing import Final

from runners import runtimes
from runners.errors import BuildFailed, PlatformFault, RunnerError
from runners.specs import Failure

_FRAME: Final = re.compile(rf'File "{re.escape(runtimes.SOURCE)}/([^"]+)", line (\d+)')
_LAST_LINE: Final = re.compile(r"(?m)^([A-Za-z_][\w.]*(?:: .*)?)$")
_MISSING: Final = re.compile(r"No module named '([^'.]+)")


def explain_load_failure(failure: Failure) -> RunnerError:
    """Give the error a failed smoke check ends a build with."""
    if failure.is_platform_fault:
        return PlatformFault(failure.message)
    frames = _FRAME.findall(failure.stacktrace)
    said = _LAST_LINE.findall(failure.stacktrace)
    what = (said[-1] if said else failure.message).rstrip(".")
    where = "{}, line {}: ".format(*frames[-1]) if frames else "Loading failed: "
    missing = _MISSING.search(what)
    advice = f" If {missing[1]} is a package, add it to requirements.txt." if missing else ""
    return BuildFailed(f"{where}{what}.{advice}")
