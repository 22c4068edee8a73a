"""Counts what somebody does in a while, in the cache that all web processes share.

Windows are fixed: a count starts anew when its period does. That lets a burst of twice the
measure through at a border, which is good enough to keep floods out, and costs one round trip.
"""

from __future__ import annotations

import time
from datetime import timedelta

from django.core.cache import cache

from marketplace.lib.errors import TooMany


def count(what: str, *, period: timedelta) -> int:
    """Count one more of `what`, and give how many that makes in the present period."""
    seconds = int(period.total_seconds())
    key = f"rate:{what}:{int(time.time()) // seconds}"
    if cache.add(key, 1, timeout=seconds + 60):
        return 1
    try:
        return cache.incr(key)
    except ValueError:  # it was thrown out of the cache between the two
        cache.set(key, 1, timeout=seconds + 60)
        return 1


def require(what: str, *, most: int, period: timedelta, refusal: str) -> None:
    """Raise TooMany with these words if that is more than the measure."""
    seconds = int(period.total_seconds())
    if count(what, period=period) > most:
        raise TooMany(refusal, retry_after=seconds - int(time.time()) % seconds)
