"""What a Celery worker of a larger installation starts besides tasks: the journal, and a runner.

A worker with RUNNER_ADDRESS in its environment is a runner: it owns the sandboxes of its host
and serves them to the web processes. The embedded site does all this itself (marketplace/asgi.py).
"""

from __future__ import annotations

from typing import Any, Final

from celery.concurrency import get_implementation
from celery.concurrency.thread import TaskPool
from celery.signals import celeryd_after_setup, worker_init, worker_shutdown
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from algorithms import gateway
from runners import host, machines

OF_RUNNERS: Final = ("build", "call")


@worker_init.connect
def start(sender: Any, **_: Any) -> None:  # noqa: ANN401 - a WorkController, and a signal's extras
    if settings.IS_EMBEDDED:
        return
    gateway.open_journal()
    if not settings.RUNNER_ADDRESS:
        return
    if not issubclass(get_implementation(sender.pool_cls), TaskPool):
        raise ImproperlyConfigured(
            "A runner's tasks share the process with its sandboxes: start it with --pool threads."
        )
    host.start_runner()


@celeryd_after_setup.connect
def choose_queues(instance: Any, **_: Any) -> None:  # noqa: ANN401 - a Worker, and a signal's extras
    """Take work for the kinds of machine this is: `build` and `call` mean those of its kinds."""
    if not settings.RUNNER_ADDRESS:
        return
    queues = instance.app.amqp.queues
    for name in [each for each in OF_RUNNERS if each in queues.consume_from]:
        wanted = machines.queues([name], machines.here())
        for queue in wanted:
            queues.select_add(queue)
        if name not in wanted:
            queues.deselect(name)


@worker_shutdown.connect
def stop(**_: Any) -> None:  # noqa: ANN401 - a signal's extras
    if not settings.IS_EMBEDDED:
        host.stop_runner()
        gateway.close_journal()
