"""WebSockets that tell an open page what is new, and whom one may come from.

What is told is read from the database, so that a socket that was lost may simply come again;
messages of the channel layer only wake whoever reads.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs, urlsplit

import orjson
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from uvicorn.protocols.utils import ClientDisconnected

logger = logging.getLogger(__name__)

FINISHED: Final = 1000
FAILED: Final = 1011
REFUSED: Final = 4403
UNKNOWN: Final = 4404


class Follower(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels has no types
    """Follows something for one page until there is no more to tell, or the page is left."""

    look_every: ClassVar[float] = 2.0
    """Seconds after which it looks by itself, since a message may get lost."""

    group: str | None = None
    task: asyncio.Task[None] | None = None
    is_over = False

    async def admit(self) -> str | int:
        """The group whose messages are news to this page; or the code it is turned away with."""
        raise NotImplementedError

    async def follow(self) -> int:
        """Say what is new until there is no more; give the code to close with."""
        raise NotImplementedError

    async def say(self, **frame: object) -> None:
        await self.send(text_data=orjson.dumps(frame).decode())

    async def pause(self) -> None:
        """Wait for news; not for ever."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.news.wait(), self.look_every)
        self.news.clear()

    async def connect(self) -> None:
        self.news = asyncio.Event()
        if not is_from_our_pages(self.scope):
            await self.close()
            return
        await self.accept()
        admitted = await self.admit()
        if isinstance(admitted, int):
            await self.close(code=admitted)
            return
        self.group = admitted
        await self.channel_layer.group_add(self.group, self.channel_name)
        self.task = asyncio.create_task(self._live())

    async def disconnect(self, code: int) -> None:
        del code
        if self.group is not None:
            await self.channel_layer.group_discard(self.group, self.channel_name)
        if self.task is not None:
            self.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.task

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """A browser has nothing to say here."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's
        """Serve the socket. What is said to a page that was left meanwhile is no error.

        The server tells of the page's end by itself, and `disconnect` tidies up then.
        """

        async def say_if_open(message: dict[str, Any]) -> None:
            if self.is_over:
                return
            self.is_over = message["type"] == "websocket.close"
            with contextlib.suppress(ClientDisconnected):
                await send(message)

        await super().__call__(scope, receive, say_if_open)

    async def _live(self) -> None:
        code = FAILED
        try:
            code = await self.follow()
        except Exception:
            logger.exception("A page could not be told what it follows: %s", self.scope["path"])
        await self.close(code=code)


def is_from_our_pages(scope: dict[str, Any]) -> bool:
    """Whether the page that opened the socket is ours; programs name none and are let through.

    A browser sends its cookies whichever page opens the socket.
    """
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    origin = headers.get(b"origin")
    if origin is None:
        return True
    ours = {urlsplit(address).netloc for address in settings.CSRF_TRUSTED_ORIGINS}
    return urlsplit(origin).netloc in ours | {headers.get(b"host", "")}


def resumes_after(scope: dict[str, Any]) -> int:
    """What `?after=` says: how far the browser has read; 0 if it says nothing sensible."""
    text = parse_qs(scope["query_string"].decode("latin-1")).get("after", ["0"])[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0
