"""What code reports with the published client, from inside its sandbox, and who gets to read it."""

from __future__ import annotations

from typing import Any

import httpx

from tests.journeys.authoring import publish, write
from tests.journeys.calling import until
from tests.live import Person, Site

CODE = """
import Algorithmia

def apply(input):
    Algorithmia.client().report_insights({"length": len(input), "first": input[:1]})
    return len(input)
"""


def test_author_reads_what_the_code_says_of_its_calls_where_callers_were_told(
    live: Site, author: Person, author_client: Any, caller: Person, caller_client: Any
) -> None:
    written = write(author_client, live, author, CODE, name="Measured")
    publish(author_client, written.path, sample='"hello"')
    before = caller_client.algo(written.path).pipe("not kept").result
    author_client.algo(written.path).compile()
    number = publish(
        author_client, written.path, sample='"hello"', part="major", insights_enabled=True
    )
    page = httpx.get(f"{live.url}/algorithms/{written.path}/").text

    answer = caller_client.algo(f"{written.path}/{number}").pipe("größe")

    address = f"{live.url}/v1/algorithms/{written.path}/insights"
    read = httpx.get(address, headers=author.headers).json()["results"]
    kept = [row for row in read if row["algorithm_version"] == number]
    assert (before, answer.result, number) == (8, 5, "1.0.0")
    assert [(row["length"], row["first"]) for row in kept] == [(5, "g")]
    assert all(row["length"] != 8 for row in read)
    assert "Data kept" in page
    took = until(
        lambda: httpx.get(address, headers=author.headers).json()["results"][0][
            "duration_milliseconds"
        ]
    )
    assert took > 0
    assert httpx.get(address, headers=caller.headers).status_code == 403
