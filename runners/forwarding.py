"""An ASGI application that passes every request on to the platform over HTTP, streaming both ways.

A runner process of its own puts it behind its relays; in the embedded site the relay speaks
to the platform's application directly.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import httpx
import orjson

from runners.relay import Receive, Scope, Send

_HOP_BY_HOP: Final = frozenset(
    {b"connection", b"keep-alive", b"transfer-encoding", b"te", b"upgrade", b"proxy-connection"}
)
_PATIENCE: Final = httpx.Timeout(10.0, read=3100.0, write=300.0, pool=60.0)


class Forwarder:
    """Speaks to one platform address with kept-alive connections."""

    def __init__(self, platform_url: str) -> None:
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=50)
        self._client = httpx.AsyncClient(
            base_url=platform_url, timeout=_PATIENCE, limits=limits, trust_env=False
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [pair for pair in scope["headers"] if pair[0] not in _HOP_BY_HOP]
        url = httpx.URL(self._client.base_url, raw_path=_target(scope))
        has_body = any(
            name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"]
        )
        request = httpx.Request(
            scope["method"], url, headers=headers, content=_body(receive) if has_body else None
        )
        try:
            response = await self._client.send(request, stream=True)
        except httpx.HTTPError as error:
            await _unreachable(send, error)
            return
        try:
            await _answer(response, send)
        finally:
            await response.aclose()

    async def close(self) -> None:
        await self._client.aclose()


def _target(scope: Scope) -> bytes:
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope.get("query_string", b"")
    return path + b"?" + query if query else path


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] != "http.request":  # a body that broke off must not pass for a whole one
            raise httpx.WriteError("The sandbox went away.")
        if message.get("body"):
            yield message["body"]
        if not message.get("more_body"):
            return


async def _answer(response: httpx.Response, send: Send) -> None:
    headers = [
        (name.lower(), value)
        for name, value in response.headers.raw
        if name.lower() not in _HOP_BY_HOP
    ]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    async for chunk in response.aiter_raw():
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _unreachable(send: Send, error: Exception) -> None:
    message = f"The platform could not be reached from this sandbox ({type(error).__name__})."
    body = orjson.dumps({"error": {"message": message, "error_type": "SystemError"}})
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 502, "headers": headers})
    await send({"type": "http.response.body", "body": body})
