"""What calls cost, over HTTP: quoted, bounded, charged once, and never more than there is."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.journeys.authoring import publish, write
from tests.journeys.calling import call, signed_in
from tests.journeys.paying import cost, spent
from tests.live import Person, Site
from tests.python_client import connected

pytestmark = pytest.mark.live

CODE = """
import time


def apply(input):
    if input == "fail":
        raise ValueError("asked to")
    time.sleep(input)
    return input
"""
PIPE = """
import json
import os
import time
import urllib.error
import urllib.request


def apply(input):
    if not isinstance(input, list):
        time.sleep(input)
        return input
    return [ask(*wanted) for wanted in input]


def ask(path, value, most=None):
    address = os.environ["ALGORITHMIA_API"] + "/v1/algo/" + path
    headers = {"Content-Type": "application/json", **({"Max-Cost": most} if most else {})}
    request = urllib.request.Request(address, json.dumps(value).encode(), headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return [answer.status, json.load(answer)]
    except urllib.error.HTTPError as error:
        return [error.code, json.load(error)]
"""
ROYALTY = 20_000


@pytest.fixture(scope="module")
def paid(live: Site, author: Person, author_client: Any) -> str:
    """An algorithm with a royalty of two cents."""
    written = write(author_client, live, author, CODE, name="Paid")
    publish(author_client, written.path, sample="0", royalty_microcredits=ROYALTY * 10_000)
    return written.path


@pytest.fixture(scope="module")
def pipe(live: Site, author: Person, author_client: Any) -> str:
    """An algorithm that calls others as it is told, or sleeps."""
    options = {"pipeline_enabled": True}
    written = write(author_client, live, author, PIPE, name="Pipe", settings=options)
    publish(author_client, written.path, sample="0")
    return written.path


def test_two_hundred_calls_with_kills_and_failures_never_cost_more_than_their_dollar(
    live: Site, paid: str
) -> None:
    dollar = live.person("payer_of_a_dollar")

    def one(number: int) -> httpx.Response:
        kind = random.choice(("quick", "quick", "fail", "slow"))
        if kind == "slow":
            return call(live, paid, 5, key=dollar.key, timeout=0.05)
        return call(live, paid, "fail" if kind == "fail" else 0, key=dollar.key)

    with ThreadPoolExecutor(24) as threads:
        answers = list(threads.map(one, range(200)))

    paid_for = [answer for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code == 402]
    total = sum(cost(answer)["total"] for answer in paid_for if "cost" in answer.text)
    assert len(paid_for) + len(refused) == 200
    assert refused
    assert "this account has" in refused[0].json()["error"]["message"]
    assert refused[0].json()["error"]["error_type"] == "PaymentRequired"
    assert 0 < total <= 1_000_000
    assert spent(live, dollar.name) == total


def test_quote_says_what_is_then_charged_and_max_cost_is_kept(live: Site, paid: str) -> None:
    careful = live.person("careful_payer")
    address = f"{live.url}/v1/quote/{paid}"

    first = call(live, paid, 0, key=careful.key)
    quote = httpx.post(address, headers=careful.headers, json={"timeout": 10}).json()
    refused = call(live, paid, 0, key=careful.key, headers={"Max-Cost": "0.02"})
    stopped = call(live, paid, 5, key=careful.key, headers={"Max-Cost": "0.020010"})

    assert cost(first)["royalty"] == ROYALTY
    assert cost(first)["total"] == ROYALTY + cost(first)["compute"]
    assert quote["royalty"] == "0.02"
    assert quote["reserves"] == "0.0202"
    assert quote["limits"][0]["name"] == "the account's credit"
    assert quote["affordable"] is True
    assert refused.status_code == 402
    assert "0.020001 USD at least" in refused.json()["error"]["message"]
    assert stopped.json()["error"]["error_type"] == "TimeoutError"
    assert cost(stopped)["royalty"] == 0
    assert 0 < cost(stopped)["compute"] <= 10
    assert spent(live, careful.name) == cost(first)["total"] + cost(stopped)["total"]


def test_budget_of_a_key_is_set_by_the_person_and_stops_the_key(live: Site, paid: str) -> None:
    thrifty = live.person("thrifty_payer", "--password", "correct horse battery")
    body = {"period": "day", "amount": "0.03"}
    by_key = httpx.post(f"{live.url}/v1/budgets", headers=thrifty.headers, json=body)
    with signed_in(live, thrifty) as browser:
        made = browser.post("/v1/budgets", json=body)
        first = call(live, paid, 0, key=thrifty.key)
        second = call(live, paid, 0, key=thrifty.key)
        browser.put(f"/v1/budgets/{made.json()['id']}", json={"amount": "0.2"})
        third = call(live, paid, 0, key=thrifty.key)
        [standing] = browser.get("/v1/budgets").json()

    assert by_key.status_code == 403
    assert made.status_code == 201
    assert (first.status_code, second.status_code, third.status_code) == (200, 402, 200)
    refusal = second.json()["error"]
    assert f"the budget of all of {thrifty.name} for today has 0.0099" in refusal["message"]
    assert "(0.0200" in refusal["message"]  # the first call, booked or about to be
    assert refusal["message"].endswith(
        "/billing/budgets/. The header Max-Cost lets a call set less aside."
    )
    assert refusal["details"]["budget"] == made.json()["id"]
    assert standing["amount"] == "0.20"
    with connected(live.url, thrifty.key) as client:
        assert client.algo(paid).pipe(0).result == 0
    left = [call(live, paid, 0, key=thrifty.key).status_code for _ in range(9)]
    assert sorted(set(left)) == [200, 402]
    with (
        connected(live.url, thrifty.key) as client,
        pytest.raises(Exception, match=r"Response \[402\]"),
    ):
        client.algo(paid).pipe(0)


def test_max_cost_bounds_a_pipeline_and_what_it_calls_together(
    live: Site, paid: str, pipe: str
) -> None:
    bounded = live.person("bounded_payer")
    three = [[paid, 0]] * 3

    answer = call(live, pipe, three, key=bounded.key, headers={"Max-Cost": "0.05"})

    inner = answer.json()["result"]
    assert [status for status, _ in inner] == [200, 200, 402]
    assert [one["metadata"]["cost"]["royalty"] for _, one in inner[:2]] == [ROYALTY, ROYALTY]
    refusal = inner[2][1]["error"]
    assert refusal["error_type"] == "PaymentRequired"
    assert refusal["details"]["limit"] == "tree"
    assert "the Max-Cost of its tree of calls has 0.00" in refusal["message"]
    within = [one["metadata"]["cost"]["total"] for _, one in inner[:2]]
    total = cost(answer)["total"] + sum(within)
    assert total <= 50_000
    assert spent(live, bounded.name) == total


def test_max_cost_that_an_algorithm_sends_bounds_what_lies_below_and_no_more(
    live: Site, paid: str, pipe: str
) -> None:
    payer = live.person("outer_payer")
    branches = [[pipe, [[paid, 0], [paid, 0]], "0.025"], [paid, 0]]

    answer = call(live, pipe, branches, key=payer.key, headers={"Max-Cost": "0.05"})

    [[status, branch], [beside, sibling]] = answer.json()["result"]
    assert (status, beside) == (200, 200)
    [first, second] = branch["result"]
    assert (first[0], second[0]) == (200, 402)
    assert "the Max-Cost of its tree of calls has 0.00" in second[1]["error"]["message"]
    paid_for = [answer.json(), branch, first[1], sibling]
    total = sum(one["metadata"]["cost"]["total"] for one in paid_for)
    assert 2 * ROYALTY < total < 50_000
    assert spent(live, payer.name) == total


def test_call_that_can_have_no_more_is_stopped_and_pays_the_time_it_had(
    live: Site, paid: str, pipe: str
) -> None:
    capped = live.person("capped_payer")
    frugal = live.person("frugal_payer", "--password", "correct horse battery")
    with signed_in(live, frugal) as browser:
        body = {"period": "lifetime", "amount": "0.0204"}
        assert browser.post("/v1/budgets", json=body).status_code == 201

    with ThreadPoolExecutor(2) as threads:
        by_cap = threads.submit(
            call, live, pipe, 60, key=capped.key, headers={"Max-Cost": "0.0003"}
        )
        by_budget = threads.submit(call, live, paid, 60, key=frugal.key)
        stopped = {"tree": by_cap.result(), "budget": by_budget.result()}

    said = {name: answer.json()["error"]["message"] for name, answer in stopped.items()}
    for answer in stopped.values():
        assert answer.status_code == 200
        assert answer.json()["error"]["error_type"] == "PaymentRequired"
    assert "the Max-Cost of its tree of calls has 0.00 USD left" in said["tree"]
    assert f"the budget of all of {frugal.name} has 0.00 USD left" in said["budget"]
    assert "/billing/budgets/" in said["budget"]
    assert all("What it has run was charged, no royalty." in one for one in said.values())
    assert {
        name: (cost(one)["compute"], cost(one)["royalty"]) for name, one in stopped.items()
    } == {
        "tree": (300, 0),
        "budget": (400, 0),
    }
    assert (spent(live, capped.name), spent(live, frugal.name)) == (300, 400)
