"""The limit of calls over several web processes, which tell each other through Redis."""

from __future__ import annotations

import time
from collections.abc import Callable

from pytest_django import Settings

from algorithms import open_calls
from algorithms.open_calls import OpenCalls
from tests import servers


def until(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_processes_learn_what_runs_elsewhere_and_forget_who_has_ended(settings: Settings) -> None:
    settings.IS_EMBEDDED = False
    one, other = OpenCalls(), OpenCalls()
    with servers.redis() as address:
        settings.CELERY_BROKER_URL = address
        one.share()
        other.share()
        one.begin("anna")
        one.begin("anna")
        other.begin("anna")

        assert until(lambda: (one.of("anna"), other.of("anna")) == (3, 3))
        assert (one.total(), other.of("carl")) == (2, 0)

        one.end("anna")
        one.stop_sharing()
        assert until(lambda: other.of("anna") == 1)
        other.stop_sharing()
    assert one.of("anna") == 1


def test_without_redis_only_this_process_counts(settings: Settings) -> None:
    settings.IS_EMBEDDED = True
    calls = OpenCalls()

    calls.share()
    calls.begin("anna")
    calls.learn({"anna": 2})

    assert calls.of("anna") == 3
    assert open_calls.STALE_SECONDS > open_calls.TELL_SECONDS
