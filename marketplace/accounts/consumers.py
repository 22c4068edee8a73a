"""WebSocket: how much a person has not read, and what they are told while a page is open.

Resumes after the notification whose id the browser names. Messages of the channel layer only
wake it: what is true is what the database holds.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any, Final

import orjson
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from uvicorn.protocols.utils import ClientDisconnected

from marketplace.accounts import actors, notifications
from marketplace.accounts.models import Notification
from marketplace.lib.sockets import is_from_our_pages, resumes_after

logger = logging.getLogger(__name__)

REFUSED: Final = 4403
FAILED: Final = 1011
LOOK_EVERY: Final = 30.0
AT_ONCE: Final = 20


class NotificationConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels has no types
    """Follows what one person is told, for one page of theirs."""

    user_id: int | None = None
    follower: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        if not is_from_our_pages(self.scope):
            await self.close()
            return
        await self.accept()
        actor = await database_sync_to_async(actors.of_session)(self.scope.get("user"))
        if actor.user_id is None:
            await self.close(code=REFUSED)
            return
        self.user_id = actor.user_id
        self.news = asyncio.Event()
        await self.channel_layer.group_add(notifications.group(self.user_id), self.channel_name)
        self.follower = asyncio.create_task(self._follow(self.user_id, resumes_after(self.scope)))

    async def disconnect(self, code: int) -> None:
        del code
        if self.user_id is not None:
            group = notifications.group(self.user_id)
            await self.channel_layer.group_discard(group, self.channel_name)
        if self.follower is not None:
            self.follower.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.follower

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """A browser has nothing to say here."""

    async def told(self, event: dict[str, Any]) -> None:
        del event
        self.news.set()

    async def _follow(self, user_id: int, after: int) -> None:
        shown: int | None = None
        try:
            while True:
                self.news.clear()
                look = database_sync_to_async(_look)
                unread, after, news = await look(user_id, after)
                if news or unread != shown:
                    frame = {"unread": unread, "after": after, "news": news}
                    await self.send(text_data=orjson.dumps(frame).decode())
                    shown = unread
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self.news.wait(), LOOK_EVERY)
        except ClientDisconnected:
            return  # they left while we spoke
        except Exception:
            logger.exception("What user %s is told could not be followed", user_id)
            await self.close(code=FAILED)


def _look(user_id: int, after: int) -> tuple[int, int, list[dict[str, Any]]]:
    """How many are unread, how far this look has read, and what is unread after `after`.

    Whoever does not say how far they have read is told of what comes from now on.
    """
    rows = Notification.objects.filter(user_id=user_id)
    unread = rows.unread().count()
    if not after:
        return unread, rows.order_by("-pk").values_list("pk", flat=True).first() or 0, []
    news = rows.unread().filter(pk__gt=after).order_by("pk")[:AT_ONCE]
    shown = [{"id": row.pk, "kind": row.kind, "title": row.title} for row in news]
    return unread, max((row.pk for row in news), default=after), shown
