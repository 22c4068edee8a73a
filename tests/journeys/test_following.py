"""Following a call that nobody waits for, and ending it: by the API, on the whole site."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx

from tests.journeys.authoring import publish, write
from tests.journeys.calling import call, record, until
from tests.live import Person, Site
from tests.python_client import connected

STEPS = """
import time

def apply(input):
    for step in range(input["steps"]):
        print("step", step, flush=True)
        yield {"step": step}, step / input["steps"]
        time.sleep(0.05)
"""


def events(answer: httpx.Response) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events of a stream by their names."""
    kind = ""
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield kind, json.loads(value)


def test_a_call_left_alone_is_followed_and_cancelled_by_its_caller_only(
    live: Site, author: Person, caller: Person
) -> None:
    with connected(live.url, author.key) as client:
        path = write(client, live, author, STEPS).path
        publish(client, path, sample='{"steps": 1}')
    asked = call(live, path, {"steps": 5000}, key=author.key, output="void").json()["request_id"]
    address = f"{live.url}/v1/requests/{asked}"
    headers = {"Authorization": f"Simple {author.key}"}
    theirs = {"Authorization": f"Simple {caller.key}"}

    stream = {"Accept": "text/event-stream"} | headers
    with httpx.stream("GET", f"{address}/events", headers=stream, timeout=60) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        told = events(answer)
        news = next(said for kind, said in told if kind == "news" and (said["progress"] or 0) > 0)
        later = httpx.get(f"{address}/events?after={news['number']}&wait=20", headers=headers)
        refused = [
            httpx.post(f"{address}/cancel", headers=theirs),
            httpx.get(f"{address}/events", headers=theirs),
            httpx.get(f"{address}/events"),
        ]
        asked_for = httpx.post(f"{address}/cancel", headers=headers)
        last = [(kind, said["status"]) for kind, said in told][-1]
    ended = until(lambda: httpx.get(address, headers=headers).json())
    again = httpx.post(f"{address}/cancel", headers=headers)
    row = record(live, asked)
    next_one = call(live, path, {"steps": 1}, key=author.key).json()

    assert (news["status"], news["phase"]) == ("running", "running")
    assert news["output"]["content_type"] == "json"
    assert news["stdout"].startswith("step 0\n")
    assert later.json()["number"] > news["number"]
    assert [one.status_code for one in refused] == [404, 404, 401]
    assert asked_for.json()["status"] in ("cancelling", "cancelled")
    assert last == ("end", "cancelled")
    assert (ended["status"], ended["error"]["error_type"]) == ("cancelled", "Cancelled")
    assert ended["metadata"]["cost"]["total"] == 0
    assert (again.status_code, again.json()["status"]) == (200, "cancelled")
    assert (row["result"], row["price_microcredits"]) == ("cancelled", 0)
    assert next_one["result"] == {"step": 0}
    assert next_one["metadata"]["cold"] is False


def test_a_call_that_has_ended_cannot_be_cancelled(live: Site, caller: Person, echo: str) -> None:
    asked = call(live, echo, "hello", key=caller.key, output="void").json()["request_id"]
    address = f"{live.url}/v1/requests/{asked}"
    headers = {"Authorization": f"Simple {caller.key}"}

    ended = httpx.get(f"{address}/events?wait=30&after=1000", headers=headers, timeout=40).json()
    refused = httpx.post(f"{address}/cancel", headers=headers)

    assert (ended["status"], ended["stdout"]) == ("done", "")
    assert refused.status_code == 409
    assert refused.json()["error"]["message"] == (
        f"The call {asked} has ended; there is nothing left to cancel."
    )
