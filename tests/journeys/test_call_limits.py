"""Too much at once: what the limits of accounts, queues, visitors and trees of calls say."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import live as sites
from tests.journeys.authoring import publish, write
from tests.journeys.calling import call, records, rows, until
from tests.live import Person, Site
from tests.python_client import connected

pytestmark = pytest.mark.live

CODE = (Path(__file__).parent / "inside.txt").read_text()
SMALL = {
    "CALLS_PER_ACCOUNT": "3",
    "RUNNER_SLOTS": "1",
    "RUNNER_SLOTS_PER_VERSION": "1",
    "RUNNER_QUEUE_LENGTH": "2",
    "VISITOR_CALLS_PER_DAY": "2",
}
LARGE = {"RUNNER_SLOTS": "13", "RUNNER_SLOTS_PER_VERSION": "13", "CALLS_PER_ACCOUNT": "80"}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with sites.single(**SMALL) as running:
        yield running


@pytest.fixture
def small(site: Site) -> Site:
    """The site, taking very little at once."""
    return limited(site, SMALL)


@pytest.fixture
def large(site: Site) -> Site:
    """The site, with as many sandboxes as the deepest tree of calls needs."""
    return limited(site, LARGE)


def limited(site: Site, limits: dict[str, str]) -> Site:
    """Start it again with other limits, if it has others: tests come in any order."""
    server = site.processes["server"]
    if not limits.items() <= server.environment.items():
        server.stop()
        server.environment |= limits
        server.start()
        site.wait_until_ready()
    return site


@pytest.fixture(scope="module")
def alice(site: Site) -> Person:
    return site.person("alice")


@pytest.fixture(scope="module")
def bob(site: Site) -> Person:
    return site.person("bob")


@pytest.fixture(scope="module")
def path(site: Site, alice: Person) -> str:
    with connected(site.url, alice.key) as client:
        options = {"pipeline_enabled": True}
        written = write(client, site, alice, CODE, name="Busy", settings=options)
        publish(client, written.path, sample="[]")
    return written.path


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


PUT_BACK = "algorithms_callrequest WHERE state = 'queued' AND heartbeat_at IS NOT NULL"
NOTHING = [{"do": "sleep", "seconds": 0}]


@contextmanager
def busy(
    site: Site, path: str, person: Person, threads: ThreadPoolExecutor
) -> Iterator[list[Future[httpx.Response]]]:
    """For a while the person makes as many calls as they may, and the queue is full."""
    folder = f"data://.my/signs_{uuid.uuid4().hex[:8]}"
    wait = [{"do": "wait", "uri": f"{folder}/go"}]

    def begin(wishes: list[dict[str, Any]]) -> Future[httpx.Response]:
        return threads.submit(call, site, path, wishes, key=person.key, timeout=60)

    with connected(site.url, person.key) as client:
        client.dir(folder).create()
        call(site, path, [], key=person.key)  # now there is a sandbox, and it is theirs
        running = [begin(wait)]
        try:
            until(lambda: in_progress(site) == 1)
            running += [begin(NOTHING), begin(NOTHING)]
            until(lambda: in_progress(site) == 3 or ended(running))
            assert not ended(running)
            yield running
        finally:
            client.file(f"{folder}/go").put("on")


def ended(running: list[Future[httpx.Response]]) -> list[str]:
    """What was answered so far."""
    return [one.result().text for one in running if one.done()]


def in_progress(site: Site) -> Any:
    return httpx.get(f"{site.url}/readyz").json()["calls"]


def answers(running: list[Future[httpx.Response]]) -> list[Any]:
    return [one.result().json().get("result") for one in running]


def test_account_over_its_limit_and_a_full_queue_are_told_when_to_come_back(
    small: Site, alice: Person, bob: Person, path: str, threads: ThreadPoolExecutor
) -> None:
    with busy(small, path, alice, threads) as running:
        over = call(small, path, [], key=alice.key)
        full = call(small, path, [], key=bob.key)

    assert (over.status_code, over.headers["Retry-After"]) == (429, "1")
    assert over.json()["error"]["message"] == (
        "This account has 3 calls running, which is its limit. Nothing was charged; try again when "
        "one has ended."
    )
    assert (full.status_code, full.headers["Retry-After"]) == (503, "5")
    assert full.json()["error"]["message"] == (
        "Too many calls are waiting on this runner. Nothing was charged; try again in 5 seconds."
    )
    assert answers(running) == [[{"value": True}], [{"value": 0}], [{"value": 0}]]
    assert call(small, path, NOTHING, key=bob.key).json()["result"] == [{"value": 0}]
    refused = until(lambda: records(small, "result = 'refused'"))
    assert [row["error_message"] for row in refused] == [
        "Too many calls are waiting on this runner."
    ]


def test_call_nobody_waits_for_waits_until_there_is_room(
    small: Site, alice: Person, path: str, threads: ThreadPoolExecutor
) -> None:
    with busy(small, path, alice, threads) as running:
        accepted = call(small, path, NOTHING, key=alice.key, output="void")
        until(lambda: rows(small, PUT_BACK))

    address = f"{small.url}/v1/requests/{accepted.json()['request_id']}"
    assert answers(running) == [[{"value": True}], [{"value": 0}], [{"value": 0}]]

    def done() -> Any:
        answer = httpx.get(address, headers=alice.headers).json()
        return answer if answer["status"] == "done" else None

    assert until(done, seconds=90)["result"] == [{"value": 0}]


def test_visitor_has_so_many_runs_a_day(small: Site, path: str) -> None:
    page = {"Sec-Fetch-Site": "same-origin"}

    runs = [call(small, path, [], web=True, headers=page).json() for _ in range(4)]

    assert [run.get("result") for run in runs] == [[], [], None, None]
    for run in runs[2:]:
        assert run["error"]["message"] == (
            "You have made the 2 runs a day that need no account. Sign up to go on: it is free."
        )


def test_calls_of_algorithms_by_algorithms_go_twenty_four_deep(
    large: Site, bob: Person, path: str
) -> None:
    answer = call(large, path, [{"do": "descend", "path": path}], key=bob.key).json()

    [deepest] = answer["result"]
    assert deepest["value"]["depth"] == 24
    assert (
        "Calls of algorithms by algorithms may go 24 deep; this one of alice/Busy would be deeper."
    ) in deepest["value"]["error"]
