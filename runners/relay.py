"""The platform's API as one sandbox may see it, over a socket of its own.

Whoever speaks on the socket is the algorithm of the call in progress, so the relay adds that
call's token and no credential ever enters the sandbox. It is an ASGI application in front
of another one (the platform itself when both live in one process, else a forwarder), so
bodies of any size stream through both ways.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import orjson

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

PREFIX: Final = "/v1/"
CALL_PREFIXES: Final = ("/v1/algo/", "/v1/web/algo/")
MOST_OTHERS: Final = 32
"""Requests of one sandbox at the same time that are no calls: each holds a thread of the platform."""

_NOT_PASSED_ON: Final = frozenset(
    {b"authorization", b"cookie", b"host", b"origin", b"referer", b"forwarded", b"connection"}
)


_NOBODY: Final = (403, "No call is in progress in this sandbox, so nobody is asking.")


class Relay:
    """Passes one sandbox's requests on as the caller of the call in progress."""

    def __init__(self, platform: Application, *, host: str, parallel_calls: int) -> None:
        """`host` is the Host header the platform knows itself by."""
        self._platform = platform
        self._host = host.encode()
        self._parallel_calls = parallel_calls
        self.open_calls = 0
        self._open_others = 0
        self.token: Callable[[], str] | None = None
        """Gives the token of the call in progress, if there is one."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        token = self.token
        problem = self._problem(scope)
        if token is None or problem is not None:
            await _refuse(send, *(problem or _NOBODY))
            return
        is_call = scope["path"].startswith(CALL_PREFIXES)
        self.open_calls += is_call
        self._open_others += not is_call
        try:
            await self._platform(self._rewritten(scope, token()), receive, send)
        finally:
            self.open_calls -= is_call
            self._open_others -= not is_call

    def _problem(self, scope: Scope) -> tuple[int, str] | None:
        path: str = scope["path"]
        if not path.startswith(PREFIX) or ".." in path.split("/"):
            return 404, "An algorithm reaches the platform's API under /v1/ and nothing else."
        is_call = path.startswith(CALL_PREFIXES)
        if is_call and self.open_calls >= self._parallel_calls:
            # As the gateway answers what an algorithm does wrong: its client says what it was.
            return 429 if b"output=raw" in scope["query_string"] else 200, (
                f"An algorithm may have {self._parallel_calls} calls of other algorithms "
                "open at once; wait for one to end."
            )
        if not is_call and self._open_others >= MOST_OTHERS:
            return 429, (
                f"An algorithm may have {MOST_OTHERS} requests for data open at once; "
                "wait for one to end."
            )
        return None

    def _rewritten(self, scope: Scope, token: str) -> Scope:
        headers = [
            (name, value)
            for name, value in scope["headers"]
            if name not in _NOT_PASSED_ON and not name.startswith(b"x-forwarded-")
        ]
        headers += [(b"host", self._host), (b"authorization", b"Bearer " + token.encode())]
        return {**scope, "headers": headers, "client": None, "scheme": "http", "state": {}}


async def _refuse(send: Send, status: int, message: str) -> None:
    body = orjson.dumps({"error": {"message": message, "error_type": "SystemError"}})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-error-message", message.encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
