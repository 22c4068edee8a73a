"""Failed runs are free, but not without end: else whoever fails on purpose computes for nothing.

An account may fail for FREE_FAILING_SECONDS a day, and besides for as long as its runs that were
paid for have taken; a trial before publishing counts like a failure. What is beyond that is
billed, without a royalty. A process counts in memory and compares notes with the others in the
database about once for each second of failing, so no call waits for this.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.db import close_old_connections, transaction
from django.db.models import F
from django.utils import timezone

from billing.models import GivenTime
from marketplace.lib import database

logger = logging.getLogger(__name__)

_SECOND: Final = 1_000_000
_GIVEN_AT_ONCE: Final = _SECOND
_PAID_AT_ONCE: Final = 60 * _SECOND
_MOST_REMEMBERED: Final = 20_000
_KEPT: Final = timedelta(days=35)


@dataclass(slots=True)
class _Day:
    """What is known here of one owner's day; microseconds."""

    day: date
    given: int = 0  # by all processes when notes were last compared
    paid: int = 0
    new_given: int = 0  # here since then
    new_paid: int = 0
    is_known: bool = False

    @property
    def left(self) -> int:
        allowed: int = settings.FREE_FAILING_SECONDS * _SECOND
        return allowed + self.paid + self.new_paid - self.given - self.new_given


_days: dict[UUID, _Day] = {}


def take(owner_id: UUID, microseconds: int) -> int:
    """Count a run that nobody pays for; give how much of it is beyond the owner's free time."""
    if settings.FREE_FAILING_SECONDS < 0:
        return 0
    day = _today(owner_id)
    beyond = microseconds - max(0, day.left)
    day.new_given += microseconds
    if not day.is_known or day.new_given >= _GIVEN_AT_ONCE:
        _compare(owner_id, day)
    return max(0, min(microseconds, beyond))


def note_paid(owner_id: UUID, microseconds: int) -> None:
    """Count a run that was paid for: as much may fail for nothing."""
    if settings.FREE_FAILING_SECONDS < 0:
        return
    day = _today(owner_id)
    day.new_paid += microseconds
    if day.new_paid >= _PAID_AT_ONCE:
        _compare(owner_id, day)


def is_left(owner_id: UUID) -> bool:
    """Whether the owner has free time left today, as far as is known here."""
    if settings.FREE_FAILING_SECONDS < 0:
        return True
    day = _today(owner_id)
    if not day.is_known:
        _compare(owner_id, day)
    return day.left > 0


@shared_task(name="billing.given_time.forget_old_days")
def forget_old_days() -> int:
    deleted, _ = GivenTime.objects.filter(day__lt=_date() - _KEPT).delete()
    return deleted


def forget_all() -> None:
    """Ask the database again."""
    _days.clear()


def _today(owner_id: UUID) -> _Day:
    today, found = _date(), _days.get(owner_id)
    if found is None or found.day != today:
        if len(_days) >= _MOST_REMEMBERED:
            _days.clear()
        found = _days[owner_id] = _Day(today)
    return found


def _date() -> date:
    return timezone.now().astimezone(UTC).date()


def _compare(owner_id: UUID, day: _Day) -> None:
    """Add what is new to the database, and read what all processes have; not on the event loop."""
    given, paid = day.new_given, day.new_paid
    day.new_given = day.new_paid = 0
    day.given += given
    day.paid += paid
    day.is_known = True
    add = partial(_add, owner_id, day.day, given, paid)
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        day.given, day.paid = add()
        return
    loop.run_in_executor(None, add).add_done_callback(partial(_heard, day, given, paid))


def _heard(day: _Day, given: int, paid: int, answer: asyncio.Future[tuple[int, int]]) -> None:
    error = answer.exception()
    if error is None:
        told = answer.result()  # perhaps less than is known here, by one that was quicker
        day.given, day.paid = max(day.given, told[0]), max(day.paid, told[1])
        return
    logger.error("The free time of an account could not be counted; it is tried again: %r", error)
    day.is_known = False
    day.given, day.new_given = day.given - given, day.new_given + given
    day.paid, day.new_paid = day.paid - paid, day.new_paid + paid


def _add(owner_id: UUID, day: date, given: int, paid: int) -> tuple[int, int]:
    close_old_connections()
    try:
        with transaction.atomic():
            rows = GivenTime.objects.filter(owner_id=owner_id, day=day)
            GivenTime.objects.get_or_create(owner_id=owner_id, day=day)
            rows.update(given_us=F("given_us") + given, paid_us=F("paid_us") + paid)
            found = rows.get()
        return found.given_us, found.paid_us
    finally:
        database.let_go()
