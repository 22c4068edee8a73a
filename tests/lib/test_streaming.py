"""What a request's body may cost before anybody has looked at it."""

from __future__ import annotations

from typing import Any

import orjson

from marketplace.lib.streaming import StreamingHandler

PIECE = b"x" * 500_000


async def test_body_that_no_view_could_take_is_refused_before_it_has_arrived(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
    pieces = 0
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        nonlocal pieces
        pieces += 1
        return {"type": "http.request", "body": PIECE, "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/users",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    await StreamingHandler()(scope, receive, send)

    assert pieces == 3
    assert sent[0]["status"] == 413
    assert "1000000 bytes at most" in orjson.loads(sent[1]["body"])["error"]["message"]
