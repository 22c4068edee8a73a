"""Champion and challenger over HTTP: a better model replaces the champion, a worse one is refused."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.git.repository import address, clone
from tests.journeys.authoring import Written, build, publish, write
from tests.journeys.calling import call, signed_in, until
from tests.live import Person, Site

MODEL = """
import Algorithmia
import socket

client = Algorithmia.client()
THRESHOLD = {threshold}

def apply(input):
    if isinstance(input, dict):
        try:
            return client.file(input["read"]).getString()
        except Exception as error:
            return str(error)
    return {{"label": "long" if input > THRESHOLD else "short"}}
"""

ROWS = [{"input": number, "expected": "long" if number > 20 else "short"} for number in range(40)]
"""The truth is a threshold of 20: a model with 10 has 75 of 100 rows right, one with 18 has 95."""


@pytest.fixture
def rows(live: Site, author: Person, author_client: Any) -> str:
    """A file of rows in a collection that is sealed from every algorithm."""
    name = f"j{uuid.uuid4().hex[:12]}"
    author_client.dir(f"data://{author.name}/{name}").create()
    sealed = httpx.patch(
        f"{live.url}/api/collections/{author.name}/{name}",
        headers=author.headers,
        json={"read_access": "sealed"},
    )
    assert sealed.json()["read_access"] == "sealed"
    uri = f"data://{author.name}/{name}/rows.jsonl"
    author_client.file(uri).put("\n".join(json.dumps(row) for row in ROWS))
    return uri


@pytest.fixture
def champion(live: Site, author: Person, author_client: Any, rows: str) -> Written:
    """A published model behind a gate."""
    written = write(author_client, live, author, MODEL.format(threshold=10))
    set_gate(live, author, written.path, rows=rows, answer_at="label", bound=0.5)
    publish(author_client, written.path, sample="1")
    return written


def set_gate(site: Site, author: Person, path: str, **demands: object) -> dict[str, Any]:
    kept = httpx.put(f"{site.url}/api/algorithms/{path}/gate", headers=author.headers, json=demands)
    assert kept.status_code == 200, kept.text
    gate: dict[str, Any] = kept.json()
    return gate


def evaluations(site: Site, author: Person, path: str) -> list[dict[str, Any]]:
    listed = httpx.get(f"{site.url}/api/algorithms/{path}/evaluations", headers=author.headers)
    found: list[dict[str, Any]] = listed.json()["results"]
    return found


def rebuilt(site: Site, author: Person, client: Any, path: str, *, threshold: int) -> None:
    name = path.partition("/")[2]
    build(client, site, author, path, {f"src/{name}.py": MODEL.format(threshold=threshold)})


def test_better_model_replaces_the_champion_and_a_worse_one_does_not(
    live: Site, author: Person, caller: Person, author_client: Any, champion: Written
) -> None:
    rebuilt(live, author, author_client, champion.path, threshold=18)
    place = f"{live.url}/api/algorithms/{champion.path}/publications"
    sent = httpx.post(place, headers=author.headers, json={"callability": "public"})
    second = httpx.post(place, headers=author.headers, json={})
    passed = until(lambda: ended(f"{live.url}{sent.headers['location']}", author))
    with signed_in(live, author) as browser:
        shown = browser.get(f"/algorithms/{champion.path}/publish/{sent.json()['id']}/").text
    rebuilt(live, author, author_client, champion.path, threshold=14)
    refused = httpx.post(
        f"{live.url}/v1/algorithms/{champion.path}/versions", headers=author.headers, json={}
    )

    answer = call(live, champion.path, 15, key=caller.key).json()
    worse, better, first = evaluations(live, author, champion.path)

    assert (sent.status_code, second.status_code) == (202, 409)
    assert "A build is at the gate already" in second.text
    assert (passed["state"], passed["version"], passed["total"]) == ("passed", "0.2.0", 80)
    assert "Passed, and published as 0.2.0." in shown
    assert answer["result"] == {"label": "short"}
    assert refused.status_code == 409
    assert refused.json()["error"]["message"] == (
        "The gate has refused this build, so nothing was published. It is not better than the "
        "champion with 95 percent confidence. Accuracy: 0.85 over 40 rows. The champion 0.2.0 has "
        f"0.95. The difference is −0.1, with 95 percent confidence between {minus(worse['low'])} "
        f"and {minus(worse['high'])}; positive is better."
    )
    assert (first["version"], first["score"], first["champion"]) == ("0.1.0", 0.75, None)
    assert (better["version"], better["score"], better["champion"]) == ("0.2.0", 0.95, "0.1.0")
    assert better["low"] > 0
    assert (worse["version"], worse["score"], worse["champion_score"]) == (None, 0.85, 0.95)
    assert worse["has_passed"] is False


def ended(address: str, author: Person) -> dict[str, Any]:
    """A publish that has passed or was refused; nothing while it is on its way."""
    found: dict[str, Any] = httpx.get(address, headers=author.headers).json()
    return found if found["finished_at"] else {}


def test_push_is_published_by_itself_if_it_passes_and_told_why_if_not(
    live: Site, author: Person, champion: Written, rows: str, tmp_path: Path
) -> None:
    demands = {"rows": rows, "answer_at": "label", "metric": "f1", "publishes_pushes": True}
    set_gate(live, author, champion.path, **demands)
    name = champion.path.partition("/")[2]
    work = clone(address(live, champion.path, author.name, author.key), tmp_path / "work")

    work.commit(**{f"src__{name}": MODEL.format(threshold=2)})
    worse = work.git("push", "origin", "master").err
    work.commit(**{f"src__{name}": MODEL.format(threshold=20)})
    better = work.git("push", "origin", "master").err

    assert "not published: The gate has refused this build" in worse
    assert "It is not better than the champion with 95 percent confidence." in worse
    assert f"published as algo://{champion.path}/0.2.0. F1: 1 over 40 rows." in better
    last = [line for line in better.splitlines() if line.startswith("remote: ")][-1]
    assert last.startswith(f"remote: build successful for algo://{champion.path}/")


def minus(value: float) -> str:
    return f"{value:+.3g}".replace("-", "−")


def test_rows_are_kept_from_the_code_even_when_its_author_calls_it(
    live: Site, author: Person, champion: Written, rows: str
) -> None:
    answer = call(live, f"{champion.path}/0.1.0", {"read": rows}, key=author.key).json()

    assert "is sealed: no algorithm may read it, whoever calls it." in answer["result"]


def test_gate_is_refused_while_its_rows_are_not_sealed(
    live: Site, author: Person, author_client: Any
) -> None:
    written = write(author_client, live, author, MODEL.format(threshold=1))
    folder = f"data://{author.name}/o{uuid.uuid4().hex[:12]}"
    author_client.dir(folder).create()
    author_client.file(f"{folder}/rows.jsonl").put("\n".join(json.dumps(row) for row in ROWS))

    refused = httpx.put(
        f"{live.url}/api/algorithms/{written.path}/gate",
        headers=author.headers,
        json={"rows": f"{folder}/rows.jsonl"},
    )
    gate = httpx.get(f"{live.url}/api/algorithms/{written.path}/gate", headers=author.headers)

    assert refused.status_code == 400
    assert "is not sealed, so algorithms could read what they are judged by" in refused.text
    assert gate.status_code == 404
