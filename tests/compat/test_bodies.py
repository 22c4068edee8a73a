from __future__ import annotations

import base64
from collections.abc import MutableMapping
from typing import Any

import pytest

from marketplace.compat.bodies import Disconnected, kind_of, read_body
from marketplace.lib.errors import BadInput, TooLarge
from runners.specs import Kind


class Messages:
    """Plays the server: hands out prepared messages one by one."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.left = list(messages)

    async def __call__(self) -> MutableMapping[str, Any]:
        return self.left.pop(0)


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/json", b'{"a": 1}', Kind.JSON),
        ("application/json; charset=utf-8", b"null", Kind.JSON),
        ("text/plain", "grün".encode(), Kind.TEXT),
        ("application/json", b"\xef\xbb\xbf1", Kind.JSON),
        ("application/json", b'["\\ud800", 1' + b"0" * 400 + b"]", Kind.JSON),
        ("application/text", b"x", Kind.TEXT),
        ("application/octet-stream", b"\xff\x00", Kind.BINARY),
        ("application/x-www-form-urlencoded", b'{"from": "curl -d"}', Kind.JSON),
        ("", b"not json", Kind.TEXT),
        ("", b"\xff\xfe", Kind.BINARY),
    ],
)
def test_each_content_type_means_what_the_predecessor_said(
    content_type: str, body: bytes, expected: Kind
) -> None:
    assert kind_of(content_type, "", body) == (expected, body)


def test_base64_is_decoded_before_the_algorithm_sees_it() -> None:
    body = base64.b64encode(b"\x00\x01")

    assert kind_of("application/octet-stream", "base64", body) == (Kind.BINARY, b"\x00\x01")


@pytest.mark.parametrize(
    ("content_type", "encoding", "body", "words"),
    [
        ("image/png", "", b"", "unsupported Content-Type"),
        ("application/json", "", b"{", "does not read as JSON"),
        ("application/json", "", b"", "does not read as JSON"),
        ("application/json", "", b"hello", "does not read as JSON"),
        ("application/json", "", b"[" * 5000, "does not read as JSON"),
        ("text/plain", "", b"\xff", "not UTF-8"),
        ("application/octet-stream", "base64", b"!", "not base64"),
    ],
)
def test_a_wrong_body_is_refused_with_a_sentence(
    content_type: str, encoding: str, body: bytes, words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        kind_of(content_type, encoding, body)


async def test_a_body_in_pieces_is_put_together() -> None:
    receive = Messages(
        {"type": "http.request", "body": b"ab", "more_body": True},
        {"type": "http.request", "body": b"c", "more_body": False},
    )

    assert await read_body(receive, limit=10, told=-1) == b"abc"


async def test_a_body_that_says_it_is_too_large_is_not_read() -> None:
    receive = Messages()

    with pytest.raises(TooLarge):
        await read_body(receive, limit=10, told=11)


async def test_a_body_that_lies_about_its_size_is_cut_off() -> None:
    piece = {"type": "http.request", "body": b"123456", "more_body": True}
    receive = Messages(piece, piece, piece)

    with pytest.raises(TooLarge):
        await read_body(receive, limit=10, told=3)

    assert len(receive.left) == 1


async def test_a_caller_who_goes_away_while_sending_is_noticed() -> None:
    receive = Messages(
        {"type": "http.request", "body": b"1", "more_body": True}, {"type": "http.disconnect"}
    )

    with pytest.raises(Disconnected):
        await read_body(receive, limit=10, told=-1)
