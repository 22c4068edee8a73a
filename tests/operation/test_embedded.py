from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Iterator

import pytest
from celery import shared_task
from django.conf import settings
from django.test import Client
from pytest_django import Settings

from marketplace import embedded
from marketplace.celery import app

PATIENCE = 60
seen: queue.Queue[str] = queue.Queue()
hold = threading.Event()


@shared_task(name="tests.note")
def note(text: str) -> None:
    seen.put(text)


@shared_task(name="tests.fail")
def fail() -> None:
    raise ValueError("the task is broken")


@shared_task(name="tests.wait")
def wait(text: str) -> None:
    seen.put(text)
    hold.wait(PATIENCE)


@pytest.fixture
def background(settings: Settings) -> Iterator[None]:
    settings.CELERY_BEAT_SCHEDULE = {}
    hold.clear()
    with seen.mutex:
        seen.queue.clear()
    embedded.start()
    yield
    hold.set()
    embedded.stop()


def test_task_that_raises_is_reported_and_the_next_one_runs(
    background: None, caplog: pytest.LogCaptureFixture
) -> None:
    fail.delay()
    note.delay("after")

    assert seen.get(timeout=PATIENCE) == "after"
    assert embedded.is_alive()
    embedded.stop()
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    errors = [error for error in errors if "tests." in error]  # other tests may have queued tasks
    assert [("tests.fail" in error, "the task is broken" in error) for error in errors] == [
        (True, True)
    ]


def test_tasks_are_taken_within_a_moment(background: None) -> None:
    waited: list[float] = []
    while not waited or (
        min(waited) >= 0.5 and len(waited) < 5
    ):  # the machine may be busy just then
        asked = time.monotonic()
        note.delay("now")
        assert seen.get(timeout=PATIENCE) == "now"
        waited.append(time.monotonic() - asked)

    assert min(waited) < 0.5


def test_builds_that_take_long_hold_up_only_builds(background: None) -> None:
    for number in range(embedded.BUILDS_AT_ONCE + 1):
        wait.apply_async((f"build {number}",), queue="build")
    started = {seen.get(timeout=PATIENCE) for _ in range(embedded.BUILDS_AT_ONCE)}
    note.delay("not a build")

    assert seen.get(timeout=PATIENCE) == "not a build"
    assert started == {"build 0", "build 1"}
    hold.set()
    assert seen.get(timeout=PATIENCE) == "build 2"


def test_stopping_takes_seconds_although_a_task_runs(
    background: None, caplog: pytest.LogCaptureFixture
) -> None:
    wait.delay("busy")
    assert seen.get(timeout=PATIENCE) == "busy"

    began = time.monotonic()
    embedded.stop()

    assert time.monotonic() - began < PATIENCE / 2  # the task would be held for longer
    assert not embedded.is_alive()
    assert "Stopped while tests.wait was running" in caplog.text


def test_timetable_runs_once_at_the_start(settings: Settings) -> None:
    settings.CELERY_BEAT_SCHEDULE = {"daily": {"task": "tests.note", "args": ["early"]}}
    with seen.mutex:
        seen.queue.clear()

    embedded.start()

    try:
        assert seen.get(timeout=PATIENCE) == "early"
    finally:
        embedded.stop()


def test_every_task_that_is_named_in_the_settings_exists() -> None:
    app.loader.import_default_modules()

    named = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    named |= set(settings.CELERY_TASK_ROUTES)

    assert named <= set(app.tasks)


def test_process_without_runner_or_worker_is_alive_but_not_ready(db: None, client: Client) -> None:
    alive, ready = client.get("/healthz"), client.get("/readyz")

    assert alive.json() == {"status": "ok"}
    assert ready.status_code == 503
    assert ready.json() == {
        "status": "unready",
        "calls": 0,
        "runner": "has not started",
        "tasks": "the background worker is not running",
    }
