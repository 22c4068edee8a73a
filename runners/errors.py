"""Whose fault it is: the code's (BuildFailed, CallFailed) or ours (NoRunner)."""

from __future__ import annotations


class RunnerError(Exception):
    """Anything that went wrong below the gateway."""


class BuildFailed(RunnerError):
    """The author's requirements or code cannot be built; the message says which and where."""


class PlatformFault(RunnerError):
    """A build or a call failed although the author's code is not to blame."""


class NoRunner(RunnerError):
    """Nothing can take the call now."""

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class QueueFull(NoRunner):
    """Too many calls already wait for this algorithm or this account."""
