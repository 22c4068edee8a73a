"""uvicorn's HTTP protocol, but a response's head travels with the first piece of its body.

uvicorn writes the head and the body of a response one after the other: two system calls, and
two wake-ups of the client, who can do nothing with the head alone. For a call that takes a few
tenths of a millisecond that is a good part of the whole.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle


class _Gathered:
    """Stands where the transport stands while one message after the other is written."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.parts: list[bytes] = []
        self.is_to_be_closed = False
        self._transport = transport

    def write(self, data: bytes) -> None:
        self.parts.append(data)

    def close(self) -> None:
        self.is_to_be_closed = True

    def is_closing(self) -> bool:
        return self.is_to_be_closed or self._transport.is_closing()


class OneWriteCycle(RequestResponseCycle):
    """A request and its response; the head waits for the body."""

    _head: Any = None

    async def send(self, message: Any) -> None:  # noqa: ANN401 - uvicorn's own unions
        if message["type"] == "http.response.start" and not self.response_started:
            self._head = message
            return
        head, self._head = self._head, None
        if head is None:
            await super().send(message)
            return
        transport = self.transport
        gathered = _Gathered(transport)
        self.transport = gathered  # type: ignore[assignment]
        try:
            await super().send(head)
            await super().send(message)
        finally:
            self.transport = transport
            if gathered.parts and not transport.is_closing():
                transport.write(b"".join(gathered.parts))
            if gathered.is_to_be_closed:
                transport.close()


class OneWriteProtocol(HttpToolsProtocol):
    """Serves every request with a OneWriteCycle."""

    def on_headers_complete(self) -> None:
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before and type(self.cycle) is RequestResponseCycle:
            self.cycle.__class__ = OneWriteCycle  # its task has not begun to run
