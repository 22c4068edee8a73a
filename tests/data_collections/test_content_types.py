from __future__ import annotations

import pytest

from data_collections.content_types import BINARY, JSON, TEXT, Sniffer


@pytest.mark.parametrize(
    ("name", "declared", "content", "expected"),
    [
        ("a", "", b"hello", TEXT),
        ("a", "", "größer 🙂".encode(), TEXT),
        ("a", "", b"", TEXT),
        ("a", "", b"a\0b", BINARY),
        ("a.txt", "text/plain", b"\xff\xfe", BINARY),
        ("a", "", "ü".encode()[:1], BINARY),
        ("a", "application/json", b'{"a":1}', JSON),
        ("a", "application/json; charset=utf-8", b"[1]", JSON),
        ("a.json", "", b"[1]", JSON),
        ("a.json", "", b"[1", TEXT),
        ("a", "application/json", b"\x89PNG\0", BINARY),
        ("a", "text/plain", b'{"a":1}', TEXT),
        ("a.png", "application/json", b"\x89PNG\0", "image/png"),
        ("a.html", "text/html", b"<script>alert(1)</script>", TEXT),
        ("a.svg", "image/svg+xml", b"<svg onload='x()'/>", TEXT),
        ("a.svg", "image/svg+xml", b"<svg\0onload='x()'/>", BINARY),
        ("a.js", "text/javascript", b"x()", TEXT),
        ("a.pdf", "application/pdf", b"%PDF\0", BINARY),
        ("a.dat", "text/html", b"\0", BINARY),
    ],
)
def test_type_says_what_was_seen_and_nothing_a_browser_runs(
    name: str, declared: str, content: bytes, expected: str
) -> None:
    sniffer = Sniffer()
    for start in range(0, len(content), 3):
        sniffer.update(content[start : start + 3])

    assert sniffer.verdict(name=name, declared=declared) == expected


def test_json_too_large_to_try_is_called_text() -> None:
    sniffer = Sniffer()
    sniffer.update(b"[" + b"1," * 600_000)
    sniffer.update(b"1]")

    assert sniffer.verdict(name="a.json", declared="application/json") == TEXT
