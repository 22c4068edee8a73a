"""One reservation on this runner, from its start to its end: its sandboxes, refilled, and its bill.

A thread for each looks at the row and at the sandboxes; another starts what is missing, one after
the other. The sandboxes are ordinary ones of the pool that it ends for nobody (`Pool.keep`), so
the payer's calls find them as they find any that is warm.
"""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from celery import shared_task
from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from algorithms import resolving
from algorithms.resolving import Target
from billing import kept_time
from billing.kept_time import Kept
from marketplace.accounts import run_tokens
from marketplace.accounts.actors import RunningCall
from marketplace.lib.errors import MarketplaceError, PaymentRequired
from projects import reserving, telling
from projects.models import Reservation
from runners import host
from runners.errors import NoRunner, RunnerError
from runners.specs import Failure

logger = logging.getLogger(__name__)

WATCH_SECONDS: Final = 0.5
LOOK_SECONDS: Final = 2.0
PAY_SECONDS: Final = 300.0
ROOM_SECONDS: Final = 5.0
PAUSES: Final = (1.0, 5.0, 15.0, 30.0)
MOST_FAILURES: Final = 4
SETTLED_SECONDS: Final = 60.0


@shared_task(name="projects.warming.keep_warm", acks_late=True)
def keep_warm(reservation_id: str) -> None:
    """Take a reservation nobody looks after; safe to deliver twice, since only one gets the row."""
    if _Stopping.event.is_set():
        return
    free = Reservation.objects.live().filter(pk=reservation_id, heartbeat_at__isnull=True)
    taken = {"heartbeat_at": timezone.now(), "runner": host.name(), "ready": 0}
    if not free.update(attempts=F("attempts") + 1, **taken):
        return
    rows = Reservation.objects.select_related("owner__user", "algorithm__owner")
    _Warmer(rows.get(pk=reservation_id)).start()


class _Stopping:
    """Whether this process ends; its warmers give their rows back then."""

    event = threading.Event()
    warmers: set[_Warmer] = set()


def stop() -> None:
    """Give up what this runner keeps, for the next one to take."""
    _Stopping.event.set()
    for warmer in list(_Stopping.warmers):
        warmer.join()
    _Stopping.event.clear()


host.before_stop(stop)


@dataclass(slots=True)
class _Place:
    """A sandbox that is warm."""

    name: str
    target: Target
    kept: Kept
    since: float
    began: float  # of what is not paid yet
    busy_us: int


class _Warmer:
    def __init__(self, reservation: Reservation) -> None:
        self._row = reservation
        self._places: list[_Place] = []
        self._target: Target | None = None
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="reservation-start")
        self._start: tuple[_Place, Future[Failure | None]] | None = None
        self._number = 0
        self._failures = 0
        self._next_try = self._next_look = 0.0
        self._note = ""
        self._life = threading.Thread(target=self._in_peace, name="reservation", daemon=True)

    def start(self) -> None:
        _Stopping.warmers.add(self)
        self._life.start()

    def join(self) -> None:
        self._life.join(timeout=20)

    # Its life

    def _in_peace(self) -> None:
        try:
            while not _Stopping.event.wait(WATCH_SECONDS):
                try:
                    if not self._go_on():
                        break
                except Exception:  # a database that is away for a moment ends no reservation
                    logger.exception("Reservation %s: trying again", self._row.pk)
                    close_old_connections()
        finally:
            self._finish()

    def _go_on(self) -> bool:
        """Do what is due; give whether it is still ours."""
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + LOOK_SECONDS
            close_old_connections()
            self._look()
        self._check()
        self._refill()
        values = {"ready": len(self._places), "note": self._note, "heartbeat_at": timezone.now()}
        return bool(self._mine().update(**values))

    def _finish(self) -> None:
        try:
            if self._start is not None:
                host.release(self._start[0].name)
            for place in list(self._places):
                self._give_up(place)
            again = {"heartbeat_at": None, "runner": "", "ready": 0}
            self._mine().update(**again)
            resolving.forget_all()
        except Exception:
            logger.exception("Reservation %s could not be given up", self._row.pk)
        finally:
            self._starter.shutdown()
            _Stopping.warmers.discard(self)
            connection.close()

    def _mine(self) -> QuerySet[Reservation]:
        rows = Reservation.objects.live()
        return rows.filter(pk=self._row.pk, attempts=self._row.attempts)

    # What is kept

    def _look(self) -> None:
        """See what the payer would call now; give up what that is no more."""
        row = self._row
        try:
            row.owner.refresh_from_db()
            row.algorithm.refresh_from_db()
            caller = reserving.caller_of(row.owner)
            address = reserving.address_of(row.algorithm, row.version_type, row.version_identifier)
            place = (row.algorithm.owner.name, row.algorithm.name, address)
            target = resolving.resolve(*place, by=caller)
        except MarketplaceError as error:
            self._target, self._note = None, error.message
        else:
            self._aim_at(target)
        for one in list(self._places):
            if self._target is None or one.target.spec != self._target.spec:
                self._give_up(one)

    def _aim_at(self, target: Target) -> None:
        if self._target is not None and self._target.spec == target.spec:
            return
        self._target, self._note, self._failures = target, "", 0
        self._next_try = 0.0
        kept = self._kept(target)
        commit = reserving.commit_of(target)
        self._mine().update(label=target.label, commit=commit, rate=kept.rate)

    def _check(self) -> None:
        """Bill what waits, and take notice of what has died."""
        for place in list(self._places):
            how = host.kept(place.name)
            if how is None or how.gone:
                lived = time.monotonic() - place.since
                self._failures = 1 if lived > SETTLED_SECONDS else self._failures + 1
                self._next_try = time.monotonic() + self._pause()
                self._give_up(place)
            elif time.monotonic() - place.began >= PAY_SECONDS:
                self._pay(place, how.busy_us)

    def _refill(self) -> None:
        if self._start is not None:
            if self._start[1].done():
                (place, work), self._start = self._start, None
                self._started(place, work)
            return
        is_short = len(self._places) < self._row.num_slots
        if self._target is not None and is_short and time.monotonic() >= self._next_try:
            self._number += 1
            name = f"{self._row.pk.hex}-{self._row.attempts}-{self._number}"
            kept = self._kept(self._target)
            place = _Place(name, self._target, kept, since=0, began=0, busy_us=0)
            spec, payer = self._target.spec, self._row.owner_id.hex
            work = self._starter.submit(host.keep, spec, payer, self._token(place), None, name=name)
            self._start = (place, work)

    def _started(self, place: _Place, work: Future[Failure | None]) -> None:
        try:
            failure = work.result()
        except NoRunner as error:
            self._note = f"{error} It is tried again."
            self._next_try = time.monotonic() + ROOM_SECONDS
            return
        except RunnerError as error:
            failure = Failure(f"The platform could not start it: {error}")
        if failure is not None:
            self._failures += 1
            self._note = f"It did not start: {failure.message}"
            self._next_try = time.monotonic() + self._pause()
            if self._failures >= MOST_FAILURES:
                self._end(f"It did not start {self._failures} times. {failure.message}")
            return
        how = host.kept(place.name)
        place.since = place.began = time.monotonic()
        place.busy_us = how.busy_us if how is not None else 0
        self._note = ""
        self._places.append(place)
        resolving.forget_all()

    def _pause(self) -> float:
        return PAUSES[min(self._failures, len(PAUSES)) - 1]

    def _give_up(self, place: _Place) -> None:
        how = host.kept(place.name)
        host.release(place.name)
        self._places.remove(place)
        self._pay(place, how.busy_us if how is not None else place.busy_us)

    # What it costs

    def _kept(self, target: Target) -> Kept:
        return reserving.kept_of(target, self._row.owner_id, self._row.member_id)

    def _pay(self, place: _Place, busy_us: int) -> None:
        """Bill the time since the last time in which no call ran; those are paid as ever."""
        waited = int((time.monotonic() - place.began) * 1000)
        waited -= (busy_us - place.busy_us) // 1000
        place.began, place.busy_us = time.monotonic(), busy_us
        if waited <= 0:
            return
        try:
            with transaction.atomic():
                cost = kept_time.charge(place.kept, waited, at=timezone.now())
                Reservation.objects.filter(pk=self._row.pk).update(
                    kept_ms=F("kept_ms") + waited, charged=F("charged") + cost
                )
        except PaymentRequired as error:
            self._end(f"The waiting of its sandboxes cannot be paid any more: {error}")

    def _end(self, reason: str) -> None:
        if reserving.end(self._row, reason):
            telling.reservation_ended(self._row, reason)

    def _token(self, place: _Place) -> str:
        """Who the code is while it is loaded: the payer, as in their calls."""
        target, row = place.target, self._row
        return run_tokens.sign(
            reserving.caller_of(row.owner),
            RunningCall(
                call_id=row.pk,
                root_id=row.pk,
                depth=0,
                algorithm_id=target.algorithm_id,
                algorithm_owner_id=target.algorithm_owner_id,
                algorithm_path=target.path,
                may_call_others=False,
            ),
            expires_in=settings.BUILD_TIMEOUT_SECONDS,
        )
