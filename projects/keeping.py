"""One service on this runner, from its start to its end: its log, its life, its bill.

Two threads for each: one starts its sandbox, watches it and starts it again after a crash; the
other stores the log and says that the runner is alive. Whoever wants it to end writes that into
the row, and the second thread sees it.

Neither thread holds a connection of the database while it waits, and neither ends a service
because the database is away for a moment: what was not stored, or not paid, is tried again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Final, TypeVar

from celery import shared_task
from django.conf import settings
from django.db import Error, close_old_connections, connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from algorithms import growing_logs, resolving
from billing import kept_time
from marketplace.accounts import run_tokens
from marketplace.accounts.actors import RunningCall
from marketplace.lib.errors import PaymentRequired
from projects import addressing, launching, telling
from projects.launch_logs import LOG
from projects.models import Launch
from runners import host
from runners.errors import NoRunner, RunnerError
from runners.specs import Failure, RunSpec

logger = logging.getLogger(__name__)
T = TypeVar("T")

BEAT_SECONDS: Final = 0.25
HEARTBEAT_SECONDS: Final = 2.0
WATCH_SECONDS: Final = 0.5
PAY_SECONDS: Final = 300.0
SETTLED_SECONDS: Final = 600.0
"""Whoever has been online for so long has got over the crashes before."""

MOST_CRASHES: Final = 3
PAUSES: Final = (1.0, 3.0, 10.0)
PLACE_SECONDS: Final = 300.0
"""How long a service waits for a place on this runner."""

STORE_PAUSES: Final = (0.5, 2.0, 5.0)
"""Between the tries to store what must be stored, while the database is away."""

_LAST_LINES: Final = 12
_ENDS: Final = {
    "code 75": "Its process ended by itself.",
    "code 76": "It did not answer any more that it is well.",
}
"""What the guest of a service ends with (`runners/guest/web.py`)."""


@shared_task(name="projects.keeping.bring_up", acks_late=True)
def bring_up(launch_id: str) -> None:
    """Take a launch that is to be started; safe to deliver twice, since only one gets the row."""
    if _Stopping.event.is_set():
        return
    taken = Launch.objects.filter(
        pk=launch_id, state=Launch.State.STARTING, heartbeat_at__isnull=True
    ).update(heartbeat_at=timezone.now(), runner=host.name(), attempts=F("attempts") + 1)
    if not taken:
        return
    rows = Launch.objects.select_related(
        "service__owner", "service__project", "service__version", "build", "started_by"
    ).select_related("service__algorithm__owner", "build__environment", "version__algorithm__owner")
    _Keeper(rows.get(pk=launch_id)).start()


class _Stopping:
    """Whether this process ends; its keepers give their rows back then."""

    event = threading.Event()
    keepers: set[_Keeper] = set()


def stop() -> None:
    """Give up what this runner keeps, for the next one to start; it goes on being online."""
    _Stopping.event.set()
    for keeper in list(_Stopping.keepers):
        keeper.join()
    _Stopping.event.clear()


host.before_stop(stop)


class _Keeper:
    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._service = launch.service
        self._kept = launching.kept(self._service, launch.build, launch.started_by_id)
        self._kept = replace(self._kept, rate=launch.rate)
        self._name = f"{launch.pk.hex}-{launch.attempts}"
        self._writer = growing_logs.Writer(LOG, launch.pk)
        self._is_over = threading.Event()  # the row says so, or this process ends
        self._is_done = threading.Event()
        self._began = 0.0  # online since then, of what is not paid yet
        self._busy_us = 0
        self._life = threading.Thread(target=self._in_peace, name="service", daemon=True)
        self._pulse = threading.Thread(target=self._beat, name="service-log", daemon=True)

    def start(self) -> None:
        _Stopping.keepers.add(self)
        self._pulse.start()
        self._life.start()

    def join(self) -> None:
        self._life.join(timeout=20)
        self._pulse.join(timeout=5)

    # The life of the service

    def _in_peace(self) -> None:
        with ExitStack() as at_last:  # all of it, from the bottom up, whatever one of them meets
            at_last.callback(connection.close)
            at_last.callback(_Stopping.keepers.discard, self)
            at_last.callback(self._last_words)
            at_last.callback(self._pulse.join, timeout=5)
            at_last.callback(self._is_done.set)
            at_last.callback(host.release, self._name)
            try:
                self._live()
            except Error:  # without a heartbeat, the timetable has it started again
                logger.exception("Service %s could not be kept without a database", self._service)
            except Exception:
                logger.exception("Service %s could not be kept", self._service)
                self._end(Launch.State.FAILED, "The platform failed; put it online again.")

    def _last_words(self) -> None:
        _stored(self._flush)
        if _Stopping.event.is_set():
            _stored(self._give_back)

    def _live(self) -> None:
        crashes = self._launch.crashes
        while not self._is_over.is_set():
            failure = self._started()
            if self._is_over.is_set():
                return
            since = time.monotonic()
            why = failure.message if failure is not None else self._online()
            self._pay_rest()
            host.release(self._name)
            if self._is_over.is_set():
                return
            if failure is not None and not crashes:
                self._fail(f"It did not start: {why}")
                return
            crashes = 1 if time.monotonic() - since > SETTLED_SECONDS else crashes + 1
            if crashes > MOST_CRASHES:
                self._fail(f"It ended {crashes} times by itself. The last time: {why}")
                return
            self._say(f"\n{why} It is started again ({crashes} of {MOST_CRASHES}).\n")
            self._become(state=Launch.State.STARTING, crashes=crashes)
            self._is_over.wait(PAUSES[min(crashes, len(PAUSES)) - 1])

    def _started(self) -> Failure | None:
        """Start the sandbox, waiting for a place if need be."""
        deadline = time.monotonic() + PLACE_SECONDS
        while True:
            try:
                spec, payer, token = self._spec(), self._payer(), self._token()
                close_old_connections()  # its setup may take minutes
                return host.keep(spec, payer, token, self._writer.write)
            except Error:
                logger.exception("Service %s cannot be started without a database", self._service)
                if self._is_over.wait(1.0) or time.monotonic() > deadline:
                    raise
            except NoRunner as error:
                if self._is_over.wait(1.0) or time.monotonic() > deadline:
                    return Failure(f"{error} Try again later.")
            except RunnerError as error:
                return Failure(f"The platform could not start it: {error}")
            finally:
                close_old_connections()

    def _online(self) -> str:
        """Say that it is online and stay with it; give why it is not any more."""
        self._began, self._busy_us = time.monotonic(), 0
        if not self._become(state=Launch.State.ONLINE, online_at=timezone.now()):
            self._is_over.set()
            return ""
        self._say("It answers that it is RUNNING: online\n")
        while not self._is_over.wait(WATCH_SECONDS):
            how = host.kept(self._name)
            if how is None or how.gone:
                return _ended_itself(how.gone if how else "")
            if time.monotonic() - self._began >= PAY_SECONDS:
                self._reckon(how.busy_us)
        return ""

    def _become(self, **values: object) -> bool:
        """Write what it is now into the row, and tell; False if the row is not ours any more."""
        if not _stored(lambda: self._mine().update(**values)):
            return False
        resolving.forget_all()
        _stored(lambda: LOG.wake(self._launch.pk))
        return True

    # What it costs

    def _reckon(self, busy_us: int) -> None:
        """Look at the owner and bill; all of it again a moment later if the database is away."""
        try:
            self._check_owner()
            self._pay(busy_us, until=time.monotonic())
        except Error:
            logger.warning("%s could not be billed; trying again", self._service, exc_info=True)
        finally:
            close_old_connections()

    def _pay(self, busy_us: int, *, until: float) -> None:
        """Bill the time since the last time in which no call ran; those are paid by callers."""
        waited = int((until - self._began) * 1000) - (busy_us - self._busy_us) // 1000
        try:
            if waited > 0:
                self._charge(waited)
        except PaymentRequired as error:
            self._end(Launch.State.OFFLINE, f"Its owner cannot pay for it any more: {error}")
        self._began, self._busy_us = until, busy_us

    @transaction.atomic
    def _charge(self, waited: int) -> None:
        cost = kept_time.charge(self._kept, waited, at=timezone.now())
        Launch.objects.filter(pk=self._launch.pk).update(
            kept_ms=F("kept_ms") + waited, charged=F("charged") + cost
        )

    def _pay_rest(self) -> None:
        if not self._began:
            return
        how, now = host.kept(self._name), time.monotonic()
        busy_us = how.busy_us if how is not None else self._busy_us
        _stored(lambda: self._pay(busy_us, until=now))
        self._began = 0.0

    def _check_owner(self) -> None:
        """Nothing stays online that nobody may call."""
        algorithm = self._service.algorithm
        algorithm.refresh_from_db(fields=["quarantined_at"])
        self._service.owner.refresh_from_db(fields=["is_suspended"])
        if algorithm.quarantined_at is not None:
            self._end(Launch.State.OFFLINE, "The moderators have stopped its algorithm.")
        elif self._service.owner.is_suspended:
            self._end(Launch.State.OFFLINE, "Its owner's account is suspended.")

    # Its row and its log

    def _fail(self, reason: str) -> None:
        if self._end(Launch.State.FAILED, reason):
            _stored(lambda: telling.failed(self._launch, reason, self._last_lines()))

    def _end(self, state: Launch.State, reason: str) -> bool:
        _stored(self._flush)
        self._is_over.set()
        ended = _stored(
            lambda: self._mine().exists() and launching.end(self._launch, state, reason)
        )
        return bool(ended)

    def _last_lines(self) -> str:
        return LOG.last_lines(self._launch.pk, _LAST_LINES)

    def _give_back(self) -> None:
        """The process ends, not the service: another runner takes it."""
        LOG.append(self._launch.pk, "\nThe platform is restarted, and the service with it.\n\n")
        again = {"state": Launch.State.STARTING, "heartbeat_at": None, "runner": ""}
        self._mine().update(**again)

    def _mine(self) -> QuerySet[Launch]:
        rows = Launch.objects.filter(pk=self._launch.pk, attempts=self._launch.attempts)
        return rows.filter(state__in=(Launch.State.STARTING, Launch.State.ONLINE))

    def _say(self, line: str) -> None:
        self._writer.write(line)

    def _beat(self) -> None:
        last = 0.0
        try:
            while not self._is_done.wait(BEAT_SECONDS):
                is_due = time.monotonic() - last >= HEARTBEAT_SECONDS
                last = time.monotonic() if is_due else last
                self._work(is_due=is_due)
        finally:
            connection.close()

    def _work(self, *, is_due: bool) -> None:
        """A database that is away for a moment ends no service."""
        try:
            if _Stopping.event.is_set():
                self._let_go()
            elif is_due:
                if not self._mine().update(heartbeat_at=timezone.now()):
                    self._let_go()
            elif not self._is_over.is_set() and not self._mine().exists():
                self._let_go()
            self._flush()
        except Exception:
            logger.exception("The log of a service could not be stored; trying again")
        finally:
            close_old_connections()

    def _let_go(self) -> None:
        if not self._is_over.is_set():
            self._is_over.set()
            if not self._began:
                host.release(self._name)  # whatever its setup is doing

    def _flush(self) -> None:
        if self._writer.has_lines:
            self._writer.flush()

    # What is started

    def _spec(self) -> RunSpec:
        return addressing.spec_of(self._launch, kept=self._name)

    def _payer(self) -> str:
        return self._service.owner_id.hex

    def _token(self) -> str:
        """Who the code is while it is set up: whoever put it online."""
        launch, algorithm = self._launch, self._service.algorithm
        return run_tokens.sign(
            launching.starter(launch),
            RunningCall(
                call_id=launch.pk,
                root_id=launch.pk,
                depth=0,
                algorithm_id=algorithm.pk,
                algorithm_owner_id=algorithm.owner_id,
                algorithm_path=str(algorithm),
                may_call_others=False,
            ),
            expires_in=settings.BUILD_TIMEOUT_SECONDS,
        )


def _stored(work: Callable[[], T]) -> T | None:
    """Do something in the database, again while that is away; None if it stays away."""
    for pause in (*STORE_PAUSES, None):
        try:
            return work()
        except Error:
            logger.exception("Something of a service could not be stored")
        finally:
            close_old_connections()
        if pause is not None:
            time.sleep(pause)
    return None


def _ended_itself(why: str) -> str:
    known = (sentence for code, sentence in _ENDS.items() if code in why)
    return next(known, why or "Its sandbox was ended.")
