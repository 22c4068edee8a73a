"""kill -9 of a sandbox, of a runner, of the whole site: nothing acknowledged is lost."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from tests import live as sites
from tests import servers
from tests.journeys.authoring import publish, write
from tests.journeys.calling import ECHO, begun, call, records, signed_in, until
from tests.journeys.paying import cost, spent
from tests.live import Person, Site
from tests.python_client import connected

GUEST = b"/opt/agorithm/guest/serve.py"
JSON = {"Accept": "application/json"}
ROYALTY = 20_000
SLOW = "import time\n\ntime.sleep(2)\n\n\ndef apply(input):\n    return input\n"


@pytest.fixture(scope="module")
def alice(live_distributed: Site) -> Person:
    return live_distributed.person("alice")


@pytest.fixture(scope="module")
def path(live_distributed: Site, alice: Person) -> str:
    return published(live_distributed, alice)


@pytest.fixture
def mortal() -> Iterator[Site]:
    """A single-process site of a test's own, which it may kill."""
    with sites.single() as running:
        yield running


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


def published(site: Site, author: Person) -> str:
    with connected(site.url, author.key) as client:
        written = write(client, site, author, ECHO, name="Echo")
        publish(client, written.path, sample="1")
    return written.path


def guests_of(ancestor: int) -> list[int]:
    """The processes in sandboxes that a process of ours has started, however deep below it."""
    parents: dict[int, int] = {}
    guests = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int(
                (folder / "stat").read_text().rpartition(")")[2].split()[1]
            )
            program, *arguments = (folder / "cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            continue  # it has ended meanwhile
        if GUEST in arguments and b"python" in program:
            guests.append(int(folder.name))
    return [guest for guest in guests if ancestor in _ancestors(guest, parents)]


def _ancestors(process: int, parents: dict[int, int]) -> Iterator[int]:
    while process in parents:
        process = parents[process]
        yield process


def recorded(site: Site, request_id: str) -> list[str]:
    """How a call of the larger installation has ended, by its rows."""
    query = (
        "from algorithms.models import Call; "
        f"print(*Call.objects.filter(pk='{request_id.removeprefix('req-')}')"
        ".values_list('result', flat=True))"
    )
    return site.manage("shell", "-v", "0", "-c", query).split()


def test_call_works_across_processes_and_is_recorded(
    live_distributed: Site, alice: Person, path: str
) -> None:
    answer = call(live_distributed, path, "größe", key=alice.key).json()
    accepted = call(live_distributed, path, "later", key=alice.key, output="void").json()

    assert answer["result"] == "größe"
    address = f"{live_distributed.url}/v1/requests/{accepted['request_id']}"

    def done() -> Any:
        later = httpx.get(address, headers=alice.headers, timeout=30).json()
        return later if later["status"] == "done" else None

    assert until(done)["result"] == "later"
    for request_id in (answer["metadata"]["request_id"], accepted["request_id"]):
        assert until(partial(recorded, live_distributed, request_id)) == ["succeeded"]


def test_a_call_left_to_a_runner_is_followed_and_cancelled_from_the_web(
    live_distributed: Site, alice: Person, path: str
) -> None:
    endless = {"do": "sleep", "seconds": 120}
    asked = call(live_distributed, path, endless, key=alice.key, output="void").json()
    address = f"{live_distributed.url}/v1/requests/{asked['request_id']}"

    def state() -> Any:
        return httpx.get(f"{address}/events", headers=alice.headers, timeout=30).json()

    until(lambda: state()["phase"] == "running")
    ending = httpx.post(f"{address}/cancel", headers=alice.headers, timeout=30).json()
    until(lambda: state()["status"] == "cancelled")

    assert ending["status"] == "cancelling"
    assert until(partial(recorded, live_distributed, asked["request_id"])) == ["cancelled"]
    assert call(live_distributed, path, "next", key=alice.key).json()["result"] == "next"


def test_sandbox_killed_during_a_call_is_an_error_and_the_next_call_is_answered(
    live_distributed: Site, alice: Person, path: str, threads: ThreadPoolExecutor
) -> None:
    call(live_distributed, path, "warm", key=alice.key)
    runner = live_distributed.processes["runner"].pid
    running = begun(live_distributed, path, alice, threads)
    guests = guests_of(runner)

    for guest in guests:
        os.kill(guest, signal.SIGKILL)
    answer = running.result(timeout=120)

    assert guests
    assert answer.status_code == 200
    assert answer.json()["error"]["error_type"] == "SystemExit"
    assert "during the call" in answer.json()["error"]["message"]
    assert call(live_distributed, path, "next", key=alice.key).json()["result"] == "next"


def test_runner_killed_during_a_call_is_our_fault_and_the_next_call_is_answered(
    live_distributed: Site, alice: Person, path: str, threads: ThreadPoolExecutor
) -> None:
    call(live_distributed, path, "warm", key=alice.key)
    running = begun(live_distributed, path, alice, threads)
    sandboxed = guests_of(live_distributed.processes["runner"].pid)

    live_distributed.processes["runner"].kill()
    answer = running.result(timeout=120)
    live_distributed.processes["runner"].start()
    following = call(live_distributed, path, "next", key=alice.key)

    assert answer.status_code == 500
    error = answer.json()["error"]
    assert error["error_type"] == "SystemError"
    assert error["message"].startswith("The platform failed, not the algorithm: The runner ")
    assert error["message"].endswith(" went away. Nothing was charged; try again.")
    assert following.json()["result"] == "next"
    request_id = answer.json()["metadata"]["request_id"]
    assert until(lambda: recorded(live_distributed, request_id)) == ["fault"]
    assert sandboxed
    until(lambda: not any(Path(f"/proc/{guest}").exists() for guest in sandboxed))


def test_budget_holds_in_two_web_processes_of_which_one_is_killed(
    live_distributed: Site, alice: Person
) -> None:
    site = live_distributed
    with connected(site.url, alice.key) as client:
        path = write(client, site, alice, ECHO, name="Paid").path
        publish(client, path, sample="1", royalty_microcredits=ROYALTY * 10_000)
    payer = site.person("payer_of_two", "--password", "correct horse battery")
    port = servers.free_port()
    other = dataclasses.replace(site, url=f"http://127.0.0.1:{port}")
    second = site.add("web2", "manage.py", "serve", "--port", str(port))
    until(lambda: is_ready(other), seconds=90)

    def one(number: int, seconds: float) -> httpx.Response | None:
        wish = {"do": "sleep", "seconds": seconds}
        with contextlib.suppress(httpx.TransportError):
            return call(other if number % 2 else site, path, wish, key=payer.key)
        return None

    with signed_in(site, payer) as browser, ThreadPoolExecutor(24) as many:
        body = {"period": "lifetime", "amount": "0.11"}
        budget = browser.post("/v1/budgets", json=body).json()["id"]
        exact = list(many.map(partial(one, seconds=0), range(24)))
        browser.put(f"/v1/budgets/{budget}", json={"amount": "0.31"})
        cut_off = [many.submit(one, 1, 250)]
        until(lambda: httpx.get(f"{other.url}/readyz").json()["calls"] == 1)
        others = [many.submit(one, number, 1) for number in range(23)]
        cut_off += others
        wait(others, return_when=FIRST_COMPLETED)
        second.kill()
        ended = [running.result() for running in cut_off]
    second.start()
    until(lambda: is_ready(other), seconds=90)

    statuses = [answer.status_code for answer in exact if answer is not None]
    assert sorted(statuses) == [200] * 5 + [402] * 19
    paid = [one for one in (*exact, *ended) if one is not None and one.status_code == 200]
    total = sum(cost(one)["total"] for one in paid)
    assert None in ended
    assert total <= spent(site, payer.name) <= 310_000
    second.stop()


def is_ready(site: Site) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{site.url}/readyz", timeout=5).status_code == 200
    return False


def test_build_log_reaches_a_browser_of_another_process(
    live_distributed: Site, alice: Person, path: str
) -> None:
    name = path.partition("/")[2]
    files = f"{live_distributed.url}/algorithms/{path}/files/"
    changes = {f"src/{name}.py": SLOW}
    head = httpx.get(files, headers=alice.headers).json()["commit"]
    saved = httpx.post(files, headers=alice.headers, json={"parent": head, "changes": changes})
    assert saved.status_code == 200, saved.text

    late: list[float] = []
    with signed_in(live_distributed, alice) as browser:
        while not late or (min(late) > 0.5 and len(late) < 3):  # the machine may be busy just then
            frames, state_at_first, finished = followed(live_distributed, browser, path)
            late.append(frames[-1]["at"] - finished)

    log = "".join(frame.get("text", "") for frame in frames)
    assert log.startswith("Beginning container customization\n")
    assert frames[-1]["state"] == "succeeded"
    assert state_at_first == "running", "it came while the build ran"
    assert min(late) < 0.5, "news woke it: by itself it looks every two seconds"


def followed(
    site: Site, browser: httpx.Client, path: str
) -> tuple[list[dict[str, Any]], str, float]:
    """A build: what its socket said and when, its state at the first word, and when it ended."""
    started = browser.post(f"/algorithms/{path}/builds/", headers=JSON).json()
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    address = site.url.replace("http", "ws", 1) + started["socket_url"]
    frames: list[dict[str, Any]] = []
    state = ""
    with connect(address, additional_headers={"Cookie": cookies}) as socket:
        while not frames or "state" not in frames[-1]:
            frames.append(json.loads(socket.recv(timeout=90)) | {"at": time.time()})
            state = state or browser.get(started["url"], headers=JSON).json()["state"]
    build = browser.get(started["url"], headers=JSON).json()
    return frames, state, datetime.fromisoformat(build["finished_at"]).timestamp()


@pytest.mark.live
def test_nothing_acknowledged_is_lost_when_the_whole_site_is_killed(
    mortal: Site, threads: ThreadPoolExecutor
) -> None:
    author = mortal.person("survivor")
    path = published(mortal, author)
    answered: list[str] = []
    load = [threads.submit(call_until_it_ends, mortal, author, path, answered) for _ in range(3)]
    sleeper = threads.submit(call, mortal, path, {"do": "sleep", "seconds": 250}, key=author.key)
    kept = leave_things(mortal, author, path)
    until(lambda: len(answered) > 10, seconds=60)

    mortal.processes["server"].kill()
    wait(load, timeout=90)
    with pytest.raises(httpx.TransportError):
        sleeper.result(timeout=90)
    mortal.processes["server"].start()
    mortal.wait_until_ready()

    succeeded = {row["id"] for row in records(mortal, "result = 'succeeded'")}
    assert set(answered) <= succeeded
    interrupted = records(mortal, "result = 'interrupted'")
    assert {row["id"] for row in interrupted}.isdisjoint(answered)
    message = "The server stopped while the call was running; nothing was charged."
    assert {(row["error_type"], row["error_message"]) for row in interrupted} == {
        ("SystemError", message)
    }
    length = len('{"do": "sleep", "seconds": 250}')
    assert [row["input_bytes"] for row in interrupted].count(length) == 1
    check_kept(mortal, author, path, kept)


def call_until_it_ends(site: Site, person: Person, path: str, answered: list[str]) -> None:
    """Call without a pause; note the ids of the calls that were answered, as rows spell them."""
    try:
        while True:
            answer = call(site, path, "x", key=person.key).json()
            assert answer["result"] == "x"
            answered.append(uuid.UUID(answer["metadata"]["request_id"].removeprefix("req-")).hex)
    except httpx.TransportError:
        return


def leave_things(site: Site, author: Person, path: str) -> dict[str, Any]:
    """Have the site acknowledge an upload, a commit, calls nobody waits for and a build."""
    with connected(site.url, author.key) as client:
        client.dir("data://.my/kept").create()
        client.file("data://.my/kept/note").put("acknowledged")
    pages = f"/algorithms/{path}"
    name = path.partition("/")[2]
    saved = _send(site, author, f"{pages}/files/", {"changes": {f"src/{name}.py": SLOW}})
    build = _send(site, author, f"/api{pages}/builds", {})
    wish = {"do": "sleep", "seconds": 2}
    requests = [
        call(site, path, wish, key=author.key, output="void").json()["request_id"] for _ in range(3)
    ]
    return {"commit": saved["commit"], "build": build["id"], "requests": requests}


def _send(site: Site, author: Person, path: str, body: object) -> Any:
    response = httpx.post(site.url + path, headers=author.headers, json=body, timeout=30)
    assert response.status_code in (200, 201), response.text
    return response.json()


def check_kept(site: Site, author: Person, path: str, kept: dict[str, Any]) -> None:
    def seen(address: str) -> Any:
        return httpx.get(site.url + address, headers=author.headers, timeout=30).json()

    def done(address: str) -> Any:
        answer = seen(address)
        return answer if answer["status"] == "done" else None

    with connected(site.url, author.key) as client:
        assert client.file("data://.my/kept/note").getString() == "acknowledged"
    assert seen(f"/algorithms/{path}/files/")["commit"] == kept["commit"]
    for request_id in kept["requests"]:
        address = f"/v1/requests/{request_id}"
        answer = until(partial(done, address), seconds=120)
        assert len(answer["result"]) == 32, answer
    address = f"/api/algorithms/{path}/builds/{kept['build']}"
    until(lambda: seen(address)["state"] == "succeeded", seconds=120)
