"""Sandboxes reserved by their payer: warm before the first call, refilled, billed while they wait."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from tests.journeys.calling import call, rows, until
from tests.journeys.paying import cost, spent
from tests.live import Person, Site

pytestmark = pytest.mark.live


def test_reserved_sandboxes_answer_warm_are_refilled_and_paid_until_they_are_given_up(
    live: Site, echo: str
) -> None:
    payer = live.person("reserving_payer")
    reserved = _send(live, payer, "POST", "", {"algorithm": echo, "num_slots": 2})
    assert reserved.status_code == 201, reserved.text
    one = f"/{reserved.json()['id']}"
    until(lambda: _send(live, payer, "GET", one).json()["ready"] == 2)

    first = call(live, echo, {"do": "instance"}, key=payer.key)
    by_version = call(live, f"{echo}/0.1.0", {"do": "instance"}, key=payer.key)
    gone = call(live, echo, {"do": "fail", "kind": "gone"}, key=payer.key)
    until(lambda: _waited(live, sandboxes=1))  # its waiting is on the bill, so it is given up
    given_up = _row(live, reserved)["heartbeat_at"]
    until(
        lambda: (
            _row(live, reserved)["heartbeat_at"] != given_up and _row(live, reserved)["ready"] == 2
        )
    )
    again = call(live, echo, {"do": "instance"}, key=payer.key)
    stranger = call(live, echo, {"do": "instance"}, key=live.person("not_reserving").key)
    told = _send(live, payer, "GET", one).json()
    ended = _send(live, payer, "DELETE", one)
    waited = until(lambda: _waited(live, sandboxes=3))

    assert told["version"] == "0.1.0"
    assert told["note"] == ""
    assert [_is_cold(one) for one in (first, by_version, again)] == [False, False, False]
    assert _is_cold(stranger)
    assert stranger.json()["result"] not in {first.json()["result"], again.json()["result"]}
    assert "error" in gone.json()
    assert ended.status_code == 204
    assert _send(live, payer, "GET", one).status_code == 404
    calls = [cost(answer)["total"] for answer in (first, by_version, gone, again)]
    assert min(waited) > 0
    assert spent(live, payer.name) == sum(waited) + sum(calls)
    [row] = rows(live, "projects_reservation WHERE reason = ?", f"{payer.name} ended it.")
    assert (row["charged"], row["ready"]) == (sum(waited), 0)


def _send(
    site: Site, person: Person, method: str, path: str, body: object = None
) -> httpx.Response:
    address = f"{site.url}/api/reservations{path}"
    return httpx.request(method, address, headers=person.headers, json=body, timeout=60)


def _row(site: Site, reserved: httpx.Response) -> dict[str, Any]:
    """What the runner has written down of it last, in one piece."""
    [row] = rows(site, "projects_reservation WHERE id = ?", uuid.UUID(reserved.json()["id"]).hex)
    return row


def _is_cold(answer: httpx.Response) -> bool:
    assert answer.status_code == 200, answer.text
    return bool(answer.json()["metadata"]["cold"])


def _waited(site: Site, *, sandboxes: int) -> list[int]:
    """What the waiting of so many sandboxes has cost, once all are on the bill."""
    paid = rows(site, "billing_usage WHERE outcome = 'kept' AND tag = 'reservation'")
    return [row["total"] for row in paid] if len(paid) == sandboxes else []
