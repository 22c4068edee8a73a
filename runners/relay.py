"""The platform's API as one sandbox may see it, over a socket of its own.

Whoever speaks on the socket is the algorithm of the call in progress, so the relay adds that
call's token and no credential ever enters the sandbox. It is an ASGI application in front
of another one (the platform itself when both live in one process, else a forwarder), so
bodies of any size stream through both ways.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import orjson
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

CALLER_LEFT: Final = "the caller has left"
"""With this message a call's task is cancelled by whoever sees its caller go."""

PREFIX: Final = "/v1/"
CALL_PREFIXES: Final = ("/v1/algo/", "/v1/web/algo/", "/v1/services/", "/v1/web/services/")
"""Where calls are made; everything else that an algorithm asks for is data."""

MOST_OTHERS: Final = 32
"""Requests of one sandbox at the same time that are no calls: each holds a thread of the platform."""

_NOT_PASSED_ON: Final = frozenset(
    {b"authorization", b"cookie", b"host", b"origin", b"referer", b"forwarded", b"connection"}
)


_CANCELLED: Final = (200, "The call that made this call was cancelled, and so is this one.")
_NOBODY: Final = (403, "No call is in progress in this sandbox, so nobody is asking.")


class Relay:
    """Passes one sandbox's requests on as the caller of the call in progress."""

    def __init__(self, platform: Application, *, host: str, parallel_calls: int) -> None:
        """`host` is the Host header the platform knows itself by."""
        self._platform = platform
        self._host = host.encode()
        self._parallel_calls = parallel_calls
        self._calls: set[asyncio.Task[Any]] = set()
        self._open_others = 0
        self.token: Callable[[], str] | None = None
        """Gives the token of the call in progress, if there is one."""

    @property
    def open_calls(self) -> int:
        """How many calls of other algorithms have no answer yet."""
        return len(self._calls)

    def abandon_calls(self) -> None:
        """Cancel the calls that the call in progress has made, and theirs."""
        for task in self._calls:
            task.cancel(CALLER_LEFT)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        token = self.token
        problem = self._problem(scope)
        if token is None or problem is not None:
            await _refuse(send, *(problem or _NOBODY))
            return
        rewritten = self._rewritten(scope, token())
        if scope["path"].startswith(CALL_PREFIXES):
            await self._call(rewritten, receive, send)
            return
        self._open_others += 1
        try:
            await self._platform(rewritten, receive, send)
        finally:
            self._open_others -= 1

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("A request is served by a task.")
        self._calls.add(task)
        try:
            await self._platform(scope, receive, send)
        except asyncio.CancelledError as error:
            if error.args != (CALLER_LEFT,):
                raise
            task.uncancel()
            await _refuse(send, *_CANCELLED)
        finally:
            self._calls.discard(task)

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


def http_server(application: Application) -> Any:  # noqa: ANN401 - a protocol factory
    """Serve an ASGI application on connections of whatever kind, with uvicorn's protocol."""
    config = uvicorn.Config(
        application,
        http=HttpToolsProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
    )
    config.load()
    state = ServerState()
    return lambda: HttpToolsProtocol(config=config, server_state=state, app_state={})


async def _refuse(send: Send, status: int, message: str) -> None:
    body = orjson.dumps({"error": {"message": message, "error_type": "SystemError"}})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-error-message", message.encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
