"""One process as the whole site: a Celery worker and its timetable as threads of the server.

The broker is a queue in memory, so what is queued dies with the process. That loses
nothing: the rows are the truth, and the recovery tasks of the timetable, which also run
once at the start, queue again what a dead process left behind.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from celery import shared_task
from celery.beat import Scheduler, Service
from celery.concurrency.thread import TaskPool
from celery.platforms import EX_OK
from celery.worker import WorkController
from celery.worker import state as worker_state
from celery.worker.consumer import Consumer
from django.conf import settings

from marketplace.celery import app
from runners import machines

logger = logging.getLogger(__name__)

QUEUES = ("build", "call", "default")  # the first two for each kind of machine this is
TASKS_AT_ONCE = 16
BUILDS_AT_ONCE = 2
"""Builds are heavy and long: they get threads of their own, so that nothing waits behind them."""

RESTART_SECONDS = 1.0
GRACE_SECONDS = 5.0


class _ThreadsWithRoomForBuilds(TaskPool):
    """Celery's pool of threads, with a second, smaller one for the queue of builds."""

    executor: ThreadPoolExecutor

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._others = self.executor
        self._builders = ThreadPoolExecutor(BUILDS_AT_ONCE, thread_name_prefix="build")

    def on_apply(  # type: ignore[override]  # the stub of its base says None
        self,
        target: object,
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
        callback: object = None,
        accept_callback: object = None,
        **options: object,
    ) -> object:
        is_build = args is not None and args[2]["delivery_info"]["routing_key"].startswith("build")
        self.executor = self._builders if is_build else self._others
        return super().on_apply(target, args, kwargs, callback, accept_callback, **options)

    def on_stop(self) -> None:
        """Take nothing new, and leave what runs to end by itself or with the process."""
        for executor in (self._builders, self._others):
            executor.shutdown(wait=False, cancel_futures=True)


class _Worker(WorkController):
    """Celery's worker without its command line: no signal handlers, no logging of its own."""

    def __init__(self, ready: threading.Event) -> None:
        self._ready = ready
        super().__init__(
            app=app,
            hostname="embedded",
            pool_cls=_ThreadsWithRoomForBuilds,
            concurrency=TASKS_AT_ONCE,
            prefetch_multiplier=0,
            queues=",".join([*machines.queues(QUEUES[:2], machines.here()), QUEUES[2]]),
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
            loglevel="WARNING",
        )

    def on_consumer_ready(self, consumer: Consumer) -> None:  # noqa: ARG002 - Celery's signature
        self._ready.set()


class _Background:
    """The threads, kept alive until they are told to stop."""

    def __init__(self) -> None:
        self._is_stopping = threading.Event()
        self._takes_tasks = threading.Event()
        self._beat = Service(app, max_interval=1, scheduler_cls=Scheduler)
        self._threads = [
            threading.Thread(target=self._work, name="celery-worker", daemon=True),
            threading.Thread(target=self._keep_time, name="celery-beat", daemon=True),
        ]

    @property
    def is_alive(self) -> bool:
        return self._takes_tasks.is_set() and all(thread.is_alive() for thread in self._threads)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()
        if not self._takes_tasks.wait(timeout=30):
            raise RuntimeError("The background worker did not start; the log says why.")
        _queue_what_was_left_behind()

    def stop(self) -> None:
        self._is_stopping.set()
        self._beat.stop()
        worker_state.should_stop = EX_OK  # type: ignore[assignment]  # the stub says None
        _wake.delay()  # the worker looks at it after each message
        for thread in self._threads:
            thread.join(timeout=GRACE_SECONDS)
        worker_state.should_stop = None
        for request in list(worker_state.active_requests):
            logger.warning("Stopped while %s was running; it will be taken up again.", request.name)

    def _work(self) -> None:
        while not self._is_stopping.is_set():
            try:
                _Worker(self._takes_tasks).start()  # logs its errors itself, and then returns
            except Exception:
                logger.exception("The background worker could not be made.")
            self._takes_tasks.clear()
            if not self._is_stopping.wait(RESTART_SECONDS):
                logger.error("The background worker ended by itself and is started again.")

    def _keep_time(self) -> None:
        while not self._is_stopping.is_set():
            try:
                self._beat.start()
            except Exception:
                logger.exception("The timetable failed and is started again.")
                self._is_stopping.wait(RESTART_SECONDS)


@shared_task(name="marketplace.embedded.wake")
def _wake() -> None:
    """Nothing: a message that ends the worker's wait for one."""


def _queue_what_was_left_behind() -> None:
    """Run every task of the timetable once now, instead of after its first interval."""
    timetable: dict[str, dict[str, Any]] = settings.CELERY_BEAT_SCHEDULE
    for entry in timetable.values():
        app.send_task(entry["task"], args=entry.get("args", ()))


_background: _Background | None = None


def start() -> None:
    """Start worker and timetable, and return when they take tasks; the server calls it once."""
    global _background  # noqa: PLW0603 - one process, one site
    if _background is None:
        _background = _Background()
        _background.start()


def stop() -> None:
    """End both within seconds; a task still running is named in the log and resumed later."""
    global _background  # noqa: PLW0603 - one process, one site
    if _background is not None:
        _background.stop()
        _background = None


def is_alive() -> bool:
    """Whether tasks are being taken right now."""
    return _background is not None and _background.is_alive
