"""Django's ASGI handler, except that an upload reaches its view while it arrives.

Django itself writes a request's whole body to a temporary file before any view runs: somebody
without an account can fill the disk, a file over the quota is refused only after its last
byte, and every byte is written twice. Here the body of a PUT and of a form with files is a
stream: nothing is read until the view reads it, a view that answers without reading costs
nothing, and one chunk is in memory.
"""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import Awaitable, Callable, MutableMapping
from typing import IO, Any, Final

import django
from django.conf import settings
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_BUFFER_BYTES: Final = 1024 * 1024
_PATIENCE_SECONDS: Final = 120.0
"""How long a sender may be silent in the middle of a body."""


def get_asgi_application() -> StreamingHandler:
    """Set Django up and give its handler: what Django's function of this name does."""
    django.setup(set_prefix=False)
    return StreamingHandler()


class StreamingHandler(ASGIHandler):
    async def handle(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - Django's
        try:
            await super().handle(scope, _Arriving(receive) if _streams(scope) else receive, send)
        except _TooLarge:
            await _refuse(send)

    async def read_body(self, receive: Any) -> Any:  # noqa: ANN401 - Django's
        """Give the body as a file: a stream, or what a small body is written to."""
        if isinstance(receive, _Arriving):
            return io.BufferedReader(_Stream(receive, asyncio.get_running_loop()), _BUFFER_BYTES)
        file = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - the handler closes it
            max_size=settings.FILE_UPLOAD_MAX_MEMORY_SIZE, dir=settings.FILE_UPLOAD_TEMP_DIR
        )
        await _fill(file, receive)
        return file

    async def listen_for_disconnect(self, receive: Any) -> None:  # noqa: ANN401 - Django's
        """Leave the body to its reader, then wait for the end of the connection as Django does."""
        if isinstance(receive, _Arriving):
            await receive.complete.wait()
        await super().listen_for_disconnect(receive)


class _TooLarge(Exception):
    """A body that no view reads as a stream is larger than any view takes."""


class _Arriving:
    """The messages of one request; as an ASGI `receive` it gives what follows the body."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._rest = b""
        self.complete = asyncio.Event()

    async def __call__(self) -> Message:
        return await self._receive()

    async def gather(self, size: int) -> bytes:
        """Wait for up to `size` bytes of the body; none at its end."""
        pieces, length = [self._rest], len(self._rest)
        while length < size and not self.complete.is_set():
            message = await asyncio.wait_for(self._receive(), _PATIENCE_SECONDS)
            if message["type"] == "http.disconnect":
                raise ConnectionError("The sender closed the connection within the body.")
            pieces.append(message.get("body", b""))
            length += len(pieces[-1])
            if not message.get("more_body", False):
                self.complete.set()
        whole = b"".join(pieces)
        self._rest = whole[size:]
        return whole[:size]


class _Stream(io.RawIOBase):
    """Reads the body from a view's thread; the messages come on the server's event loop."""

    def __init__(self, arriving: _Arriving, loop: asyncio.AbstractEventLoop) -> None:
        self._arriving = arriving
        self._loop = loop

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        if self._on_loop():
            raise RuntimeError("An upload can only be read by a view that is not async.")
        gathered = asyncio.run_coroutine_threadsafe(self._arriving.gather(len(buffer)), self._loop)
        try:
            data = gathered.result()
        except TimeoutError as error:
            raise ConnectionError("The sender was silent for too long.") from error
        buffer[: len(data)] = data
        return len(data)

    def _on_loop(self) -> bool:
        try:
            return asyncio.get_running_loop() is self._loop
        except RuntimeError:
            return False


def _streams(scope: MutableMapping[str, Any]) -> bool:
    if scope["method"] == "PUT":
        return True
    types = [value for name, value in scope.get("headers", ()) if name == b"content-type"]
    return scope["method"] == "POST" and any(
        kind.lower().startswith(b"multipart/form-data") for kind in types
    )


async def _fill(file: IO[bytes], receive: Receive) -> None:
    """Write a body to the file as Django's own handler does, but no more than a view may take."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            file.close()
            raise RequestAborted
        file.write(message.get("body", b""))
        if file.tell() > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            file.close()
            raise _TooLarge
        more = message.get("more_body", False)
    file.seek(0)


async def _refuse(send: Send) -> None:
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    sentence = f"The request body may have {most} bytes at most here."
    body = f'{{"error":{{"code":2015,"message":"{sentence}"}}}}'.encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-error-message", sentence.encode()),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
