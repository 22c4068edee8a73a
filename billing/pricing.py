"""What a call costs. Pure functions of numbers, so that billing needs to know no algorithm.

Amounts are whole microcredits, times are microseconds. The rate follows the predecessor's
published one (1 credit for a second of execution), but by the millisecond instead of by the
started second; a call that fails costs nothing.
"""

from __future__ import annotations

from typing import Final

from marketplace.lib.money import MICROCREDITS_PER_CREDIT

MICROSECONDS_PER_SECOND: Final = 1_000_000
COMPUTE_PER_SECOND: Final = MICROCREDITS_PER_CREDIT


def compute(run_microseconds: int, *, per_second: int = COMPUTE_PER_SECOND) -> int:
    """The price of running, rounded up to the next whole millisecond."""
    milliseconds = -(-run_microseconds // 1000)
    return -(-milliseconds * per_second // 1000)


def cost(royalty: int, run_microseconds: int, *, per_second: int = COMPUTE_PER_SECOND) -> int:
    """The price of a call that succeeded: the version's royalty and the time it ran."""
    return royalty + compute(run_microseconds, per_second=per_second)


def ceiling(royalty: int, timeout_seconds: float, *, per_second: int = COMPUTE_PER_SECOND) -> int:
    """The most a call can cost if it uses all of its time."""
    return cost(royalty, int(timeout_seconds * MICROSECONDS_PER_SECOND), per_second=per_second)
