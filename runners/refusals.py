"""Where sandboxes wanted to go and were not let: counted in memory, written down now and then.

For moderators. The names come from strangers' code, so both the memory and the table are bounded:
what does not fit is counted under an empty host.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, NamedTuple

from asgiref.sync import sync_to_async
from django.db import close_old_connections, transaction
from django.db.models import F
from django.utils import timezone

from runners.models import RefusedConnection

logger = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 1000
MOST_PER_SOURCE: Final = 50
WRITE_AFTER: Final = 2.0
KEPT: Final = timedelta(days=180)


class Attempt(NamedTuple):
    """A source snapshot and what its code wanted to reach; no host for those that do not fit."""

    source: str
    host: str
    port: int


class Refusals:
    """What one pool has refused and not yet written down; lives on the pool's event loop."""

    def __init__(self) -> None:
        self._counted: Counter[Attempt] = Counter()
        self._writing: asyncio.Task[None] | None = None

    def note(self, source: str, host: str, port: int) -> None:
        attempt = Attempt(source, host[:253].replace("\0", ""), port)
        if attempt not in self._counted and len(self._counted) >= MOST_AT_ONCE:
            attempt = Attempt(source, "", 0)
        self._counted[attempt] += 1
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write_soon())

    async def write(self) -> None:
        """Write down what there is; what cannot be written is lost, and said in the log."""
        counted, self._counted = self._counted, Counter()
        if not counted:
            return
        try:
            await sync_to_async(_stored)(counted)
        except Exception:
            logger.exception("%d refused connections could not be written down", len(counted))

    async def _write_soon(self) -> None:
        await asyncio.sleep(WRITE_AFTER)
        self._writing = None
        await self.write()


def store(counted: Mapping[Attempt, int]) -> None:
    """Add these counts to the rows of their sources."""
    now = timezone.now()
    with transaction.atomic():
        RefusedConnection.objects.filter(last_at__lt=now - KEPT).delete()
        for attempt, count in counted.items():
            row, is_new = RefusedConnection.objects.get_or_create(
                **_kept(attempt)._asdict(), defaults={"count": count, "last_at": now}
            )
            if not is_new:
                changed = RefusedConnection.objects.filter(pk=row.pk)
                changed.update(count=F("count") + count, last_at=now)


def _stored(counted: Mapping[Attempt, int]) -> None:
    close_old_connections()
    store(counted)


def _kept(attempt: Attempt) -> Attempt:
    known = RefusedConnection.objects.filter(source=attempt.source)
    is_known = known.filter(host=attempt.host, port=attempt.port).exists()
    fits = is_known or known.count() < MOST_PER_SOURCE
    return attempt if fits else Attempt(attempt.source, "", 0)
