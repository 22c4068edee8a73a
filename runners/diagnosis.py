"""Says in a sentence what an author can mend: a line of code, or a requirement."""

from __future__ import annotations

import re
from typing import Final

from runners import runtimes
from runners.errors import BuildFailed, PlatformFault, RunnerError
from runners.specs import Failure

_FRAME: Final = re.compile(rf'File "{re.escape(runtimes.SOURCE)}/([^"]+)", line (\d+)')
_LAST_LINE: Final = re.compile(r"(?m)^([A-Za-z_][\w.]*(?:: .*)?)$")
_NOT_BUILT: Final = re.compile(r"Failed to build `([^`]+)`")
_DRAWING: Final = re.compile(r"[╰├─▶│×]|\bcause:")
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


def explain_resolution(output: str, python: str) -> str:
    """Turn uv's chain of reasons for there being no lock into a sentence or two."""
    if _NOT_BUILT.search(output):
        return explain_installation(output)
    text = " ".join(_DRAWING.sub(" ", output).split())
    missing = re.search(r"there is no version of ([^\s,]+)", text)
    if missing:
        return f"No version of {missing[1]} exists for {python}; correct that line."
    unknown = re.search(r"[Bb]ecause (\S+) was not found in the package registry", text)
    if unknown:
        return f"There is no package {unknown[1]} in the package index; is the name right?"
    reason = text.removeprefix("error: ").removeprefix("No solution found when resolving")
    reason = reason.removeprefix(" dependencies").lstrip(": ").removeprefix("Because ")
    reason = reason.replace(", we can conclude that your requirements are unsatisfiable", "")
    reason = reason.replace(", we can conclude that ", ", so ").replace("And because ", "And ")
    return f"The requirements cannot be met for {python}: {reason}"


def explain_installation(output: str) -> str:
    """Name the package that could not be installed, with the last thing that was said of it."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    spoken = [line for line in lines if not line.startswith("hint:")]
    last = spoken[-1].removeprefix("error: ") if spoken else "nothing was said"
    not_built = _NOT_BUILT.search(output)
    if not_built:
        return f"{not_built[1]} could not be built from source: {last}"
    return f"The packages could not be installed: {last}"
