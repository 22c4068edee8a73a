"""Says in a sentence what an author can mend: a line of code, or a requirement."""

from __future__ import annotations

import re
from typing import Final

from runners import runtimes
from runners.errors import BuildFailed, PlatformFault, RunnerError
from runners.specs import Failure

_FRAME: Final = re.compile(rf'File "{re.escape(runtimes.SOURCE)}/([^"]+)", line (\d+)')
_PLACE: Final = re.compile(rf"{re.escape(runtimes.SOURCE)}/([^\s:()]+):(\d+)")  # other languages
_APP_FRAME: Final = re.compile(
    rf'File "(?:{re.escape(runtimes.SOURCE)}|/tmp/work)/([^"]+)", line (\d+)'
)
_RAISED: Final = re.compile(r"(?m)^((?:\w+\.)*\w*(?:Error|Exception|Exit|Interrupt)(?:: .*)?)$")
_NO_COMMAND: Final = re.compile(r"([\w./-]+): (?:command )?not found")
_LAST_LINE: Final = re.compile(r"(?m)^([A-Za-z_][\w.]*(?:: .*)?)$")
_NOT_BUILT: Final = re.compile(r"Failed to build `([^`]+)`")
_DRAWING: Final = re.compile(r"[╰├─▶│×]|\bcause:")
_MISSING: Final = re.compile(r"No module named '([^'.]+)")


def explain_load_failure(failure: Failure) -> RunnerError:
    """Give the error a failed smoke check ends a build with."""
    if failure.is_platform_fault:
        return PlatformFault(failure.message)
    place = _PLACE.search(failure.stacktrace)
    if place and not _FRAME.search(failure.stacktrace):
        return BuildFailed(f"{place[1]}, line {place[2]}: {failure.message.rstrip('.')}.")
    frames = _FRAME.findall(failure.stacktrace)
    said = _LAST_LINE.findall(failure.stacktrace)
    what = (said[-1] if said else failure.message).rstrip(".")
    where = "{}, line {}: ".format(*frames[-1]) if frames else "Loading failed: "
    return BuildFailed(f"{where}{what}.{_advice(_MISSING.search(what))}")


def explain_start_failure(failure: Failure) -> RunnerError:
    """Give the error a build ends with whose app did not come up; its log has been shown."""
    if failure.is_platform_fault:
        return PlatformFault(failure.message)
    log = failure.stacktrace
    frames = list(_APP_FRAME.finditer(log))
    raised = _RAISED.findall(log, frames[-1].end()) if frames else _RAISED.findall(log)[-1:]
    if raised:
        where = f"{frames[-1][1]}, line {frames[-1][2]}: " if frames else f"{failure.message} "
        return BuildFailed(f"{where}{raised[0].rstrip('.')}.{_advice(_MISSING.search(raised[0]))}")
    last = next((line.strip() for line in reversed(log.splitlines()) if line.strip()), "")
    words = f" Its last words: {last[:300]}" if last else ""
    return BuildFailed(f"{failure.message}{words}{_advice(_NO_COMMAND.search(last))}")


def _advice(missing: re.Match[str] | None) -> str:
    return f" If {missing[1]} is a package, add it to requirements.txt." if missing else ""


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
