"""Work that runs once at a time in a process, and leaves room for calls while it does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec

from django.db import connection

P = ParamSpec("P")

REST: Final = 2.0
"""So much longer than a turn took it rests after it."""


def alone(work: Callable[P, int]) -> Callable[P, int]:
    """While it runs in one thread, another one that comes does nothing and gives 0.

    The timetable sends a task again whether or not the last one has ended; several at once would
    take turns for the same rows and for the interpreter, which calls wait for.
    """
    taken = threading.Lock()

    @wraps(work)
    def once(*args: P.args, **kwargs: P.kwargs) -> int:
        if not taken.acquire(blocking=False):
            return 0
        try:
            return work(*args, **kwargs)
        finally:
            taken.release()

    return once


def in_turns(turn: Callable[[], int], *, full: int, most: int) -> int:
    """Repeat until a turn did less than a full one, so often at most; give the sum.

    On SQLite, where one process is the whole site and has one writer, it rests between turns in
    proportion: calls keep two thirds of the interpreter, however much there is to do.
    """
    rest = REST if connection.vendor == "sqlite" else 0.0
    total = 0
    for _ in range(most):
        began = time.monotonic()
        done = turn()
        total += done
        if done < full:
            break
        time.sleep((time.monotonic() - began) * rest)
    return total
