"""The predecessor's published Node client, unmodified, calls algorithms."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests import node_client
from tests.journeys.calling import until
from tests.live import Person, Site

Node = Callable[[str, str], list[Any]]


@pytest.fixture
def node(live: Site, caller: Person, echo: str) -> Node:
    """Call the echo with content of a kind; give status, kind and result."""

    def called(kind: str, content: str) -> list[Any]:
        return node_client.run("call.js", live.url, caller.key, echo, kind, content)

    return called


def test_text_comes_back(node: Node) -> None:
    assert node("text", "größe 🙂") == [200, "text", "größe 🙂"]


@pytest.mark.parametrize("value", [None, 3, "words", [1, {"ü": False}], {}])
def test_json_comes_back(node: Node, value: object) -> None:
    kind = "text" if isinstance(value, str) else "json"

    # A string is sent as text by this client, whatever it was before.
    assert node("json", json.dumps(value)) == [200, kind, value]


def test_bytes_come_back(node: Node) -> None:
    content = base64.b64encode(bytes(range(256))).decode()

    assert node("binary", content) == [200, "binary", {"base64": content}]


def test_failure_of_the_algorithm_is_thrown(node: Node) -> None:
    wish = '{"do": "fail", "kind": "exception"}'

    assert node("json", wish) == [200, "thrown", "The picture is empty."]


def test_raw_output_is_what_its_content_type_says(node: Node) -> None:
    assert node("raw", '{"a": [1]}') == [{"a": [1]}, 200]
    assert node("raw", '"größe"') == ["größe", 200]
    [failed, status] = node("raw", '{"do": "fail", "kind": "named"}')
    assert (failed["error"]["message"], status) == ("No such page.", 400)


def test_call_nobody_waits_for_is_accepted_and_its_result_kept(
    node: Node, live: Site, caller: Person
) -> None:
    [accepted, status] = node("void", '"later"')

    assert status == 200
    assert (accepted["async"], accepted["async_protocol"]) == ("void", "void")
    address = f"{live.url}/v1/requests/{accepted['request_id']}"

    def done() -> Any:
        answer = httpx.get(address, headers=caller.headers).json()
        return answer if answer["status"] == "done" else None

    assert until(done, seconds=60)["result"] == "later"


def test_question_after_the_path_is_understood(live: Site, caller: Person, echo: str) -> None:
    wish = '{"do": "sleep", "seconds": 30}'

    late = node_client.run("call.js", live.url, caller.key, f"{echo}?timeout=1", "json", wish)

    assert late == [200, "thrown", "The algorithm did not answer within 1 seconds."]


def test_unknown_algorithm_and_wrong_key_are_thrown_in_the_known_words(
    live: Site, caller: Person, echo: str
) -> None:
    unknown = node_client.run("call.js", live.url, caller.key, "nobody/nothing", "text", "x")
    refused = node_client.run("call.js", live.url, "simWrong", echo, "text", "x")

    assert unknown == [200, "thrown", "algorithm algo://nobody/nothing not found"]
    assert refused == [200, "thrown", "authorization required"]
