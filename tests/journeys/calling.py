"""Callers at work from outside, and what the site has written down about their calls."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.live import Person, Site
from tests.python_client import connected

T = TypeVar("T")

ECHO = (Path(__file__).parent / "echo.txt").read_text()
"""An algorithm that gives back what it is given, unless it is told to do something else."""


def call(
    site: Site,
    path: str,
    content: object = None,
    *,
    key: str = "",
    kind: str = "application/json",
    web: bool = False,
    headers: dict[str, str] | None = None,
    **query: object,
) -> httpx.Response:
    """One POST, as a program that speaks HTTP by itself sends it."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    sent = {"Content-Type": kind} if kind else {}
    if key:
        sent["Authorization"] = f"Simple {key}"
    return httpx.post(
        f"{site.url}/v1/{'web/' if web else ''}algo/{path}",
        params={name: str(value) for name, value in query.items()},
        content=body,
        headers=sent | (headers or {}),
        timeout=300,
    )


def begun(
    site: Site, path: str, person: Person, threads: ThreadPoolExecutor
) -> Future[httpx.Response]:
    """A call of an algorithm that says by a file that it has begun, and would sleep for minutes."""
    folder = f"data://.my/signs_{uuid.uuid4().hex[:8]}"
    wish = {"do": "sleep", "seconds": 250, "sign": f"{folder}/begun"}
    with connected(site.url, person.key) as client:
        client.dir(folder).create()
        running = threads.submit(call, site, path, wish, key=person.key)
        until(lambda: running.done() or client.file(wish["sign"]).exists())
    assert not running.done(), running.result().text
    return running


@contextlib.contextmanager
def signed_in(site: Site, person: Person) -> Iterator[httpx.Client]:
    """A browser in which the person is signed in; unsafe requests carry the CSRF token."""
    with httpx.Client(base_url=site.url, timeout=60) as browser:
        browser.get("/sign_in/")
        form = {
            "login": person.name,
            "password": person.password,
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
        }
        assert browser.post("/sign_in/", data=form).status_code == 302
        browser.headers["X-CSRFToken"] = browser.cookies["csrftoken"]
        yield browser


def new_key(site: Site, person: Person, **permissions: object) -> str:
    """A further key of the person's with these permissions and no others, made in their browser."""
    return str(made_key(site, person, **permissions)["api_key"])


def made_key(site: Site, person: Person, **permissions: object) -> dict[str, Any]:
    body = {"key_label": f"key {uuid.uuid4().hex[:8]}", "permissions": permissions}
    with signed_in(site, person) as browser:
        made = browser.post(f"/v1/users/{person.name}/keys", json=body)
    assert made.status_code == 200, made.text
    key: dict[str, Any] = made.json()
    return key


def record(site: Site, request_id: str, *, seconds: float = 60) -> dict[str, Any]:
    """The durable row of one call, as soon as it is there."""
    wanted = uuid.UUID(request_id.removeprefix("req-")).hex
    [row] = until(lambda: records(site, "id = ?", wanted), seconds=seconds)
    return row


def records(site: Site, condition: str, *values: str) -> list[dict[str, Any]]:
    """Rows of calls that a single-process site has kept, oldest first."""
    return rows(site, f"algorithms_call WHERE {condition} ORDER BY started_at", *values)


def rows(site: Site, source: str, *values: str) -> list[dict[str, Any]]:
    database = sqlite3.connect(f"file:{site.data_dir}/site.sqlite3?mode=ro", uri=True, timeout=20)
    database.row_factory = sqlite3.Row
    with contextlib.closing(database):
        return [dict(row) for row in database.execute(f"SELECT * FROM {source}", values)]


def until(found: Callable[[], T], *, seconds: float = 90) -> T:
    """What the function gives, as soon as it gives something that is true."""
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline, f"still {value!r} after {seconds} seconds"
        time.sleep(0.1)
    return value
