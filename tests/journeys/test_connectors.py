"""A store elsewhere, connected on its page, used by the predecessor's clients and by algorithms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests import elsewhere, node_client
from tests.elsewhere import Elsewhere
from tests.journeys.calling import signed_in
from tests.live import Person, Site
from tests.python_client import DataApiError


@pytest.fixture(scope="module")
def s3() -> Iterator[Elsewhere]:
    with elsewhere.s3() as server:
        server.bucket("shop", models__first=b"weights")
        yield server


@pytest.fixture(scope="module")
def connected(live: Site, caller: Person, s3: Elsewhere) -> str:
    """Fill in the form as a browser without scripts does; give where the store then is."""
    form = {
        "owner": caller.name,
        "label": "shop",
        "endpoint": s3.url,
        "path": "shop/*",
        "is_writable": "on",
        "used_by": "any",
        **{f"cred_{name}": value for name, value in s3.credentials.items()},
    }
    with signed_in(live, caller) as browser:
        headers = {"Referer": live.url}
        answer = browser.post("/connectors/new/s3/", data=form, headers=headers)
        page = browser.get(answer.headers["Location"]).text
    assert "s3+shop:// answers: 1 entry is there." in page
    assert "very secret" not in page
    return "s3+shop://shop"


def test_python_client_finds_reads_writes_and_removes(
    caller_client: Any, connected: str, s3: Elsewhere
) -> None:
    file = caller_client.file(f"{connected}/models/second")
    folder = caller_client.dir(f"{connected}/models")

    file.put("größe")
    listed = sorted(entry.path for entry in folder.list())

    assert (file.exists(), file.getString()) == (True, "größe")
    assert listed == ["s3+shop://shop/models/first", "s3+shop://shop/models/second"]
    assert [entry.path for entry in caller_client.dir(connected).dirs()] == [f"{connected}/models"]
    with caller_client.file(f"{connected}/models/first").getFile() as local:
        assert local.read() == "weights"
    file.delete()
    assert (file.exists(), s3.keys("shop")) == (False, ["models/first"])
    made = caller_client.dir(f"{connected}/made")
    made.create()
    assert made.exists()
    made.delete(force=True)
    assert s3.keys("shop") == ["models/first"]
    with pytest.raises(DataApiError, match="does not exist"):
        caller_client.file(f"{connected}/models/none").getString()


def test_node_client_reads_and_writes(
    live: Site, caller: Person, connected: str, s3: Elsewhere
) -> None:
    def node(operation: str, path: str, content: str = "") -> list[Any]:
        uri = f"{connected}/{path}"
        return node_client.run("data.js", live.url, caller.key, operation, uri, content)

    put = node("putString", "note", "words")
    got = node("getString", "note")

    assert put[0]["result"] == f"{connected}/note"
    assert got[0] == "words"
    assert s3.content("shop", "note") == b"words"
    node("delete", "note")
    assert s3.keys("shop") == ["models/first"]


def test_algorithm_reads_its_callers_store_and_nobody_elses(
    caller_client: Any, author_client: Any, echo: str, connected: str
) -> None:
    wish = {"do": "read", "uri": f"{connected}/models/first"}

    assert caller_client.algo(echo).pipe(wish).result == "weights"
    with pytest.raises(Exception, match=re.escape("No connector s3+shop is configured")):
        author_client.algo(echo).pipe(wish)


def test_store_is_cut_off_on_its_page(
    live: Site, caller: Person, caller_client: Any, s3: Elsewhere
) -> None:
    body = s3.wanted(label="brief")
    place = f"{live.url}/v1/users/{caller.name}/connectors"
    made = httpx.post(place, json=body, headers=caller.headers).json()
    file = caller_client.file("s3+brief://shop/models/first")
    assert file.getString() == "weights"

    with signed_in(live, caller) as browser:
        headers = {"Referer": live.url}
        answer = browser.post(f"/connectors/{made['id']}/cut/", headers=headers)

    assert answer.status_code == 302
    assert not file.exists()
    assert s3.keys("shop") == ["models/first"]
