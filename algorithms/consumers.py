"""WebSocket: sends a build's log as it grows, from the offset the browser names.

The log is read from the database at the pace of whoever listens, so a slow listener holds up
nobody. Messages of the channel layer only wake it; without one it looks every two seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any, Final
from uuid import UUID

import orjson
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from algorithms import build_logs
from algorithms.models import Build
from algorithms.permissions import may_see_builds, may_view
from marketplace.accounts import actors
from marketplace.lib.sockets import is_from_our_pages, resumes_after

logger = logging.getLogger(__name__)

FINISHED: Final = 1000
REFUSED: Final = 4403
UNKNOWN: Final = 4404
FAILED: Final = 1011
LOOK_EVERY: Final = 2.0


class BuildLogConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels has no types
    """Follows one build for one browser."""

    build_id: UUID
    follower: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        self.build_id = self.scope["url_route"]["kwargs"]["build_id"]
        self.news = asyncio.Event()
        if not is_from_our_pages(self.scope):
            await self.close()
            return
        await self.accept()
        refusal = await database_sync_to_async(_refusal)(self.build_id, self.scope.get("user"))
        if refusal is not None:
            await self.close(code=refusal)
            return
        await self.channel_layer.group_add(build_logs.group(self.build_id), self.channel_name)
        self.follower = asyncio.create_task(self._follow(resumes_after(self.scope)))

    async def disconnect(self, code: int) -> None:
        del code
        await self.channel_layer.group_discard(build_logs.group(self.build_id), self.channel_name)
        if self.follower is not None:
            self.follower.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.follower

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """A browser has nothing to say here."""

    async def build_changed(self, event: dict[str, Any]) -> None:
        del event
        self.news.set()

    async def _follow(self, offset: int) -> None:
        try:
            await self._send_all(offset)
        except Exception:
            logger.exception("The log of build %s could not be followed", self.build_id)
            await self.close(code=FAILED)

    async def _send_all(self, offset: int) -> None:
        while True:
            self.news.clear()
            state, error, text, offset = await database_sync_to_async(_look)(self.build_id, offset)
            if text:
                await self._send(offset=offset, text=text)
                continue
            if state in Build.ENDED:
                await self._send(state=state, error=error, offset=offset)
                await self.close(code=FINISHED)
                return
            if state is None:
                await self.close(code=UNKNOWN)
                return
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.news.wait(), LOOK_EVERY)

    async def _send(self, **frame: object) -> None:
        await self.send(text_data=orjson.dumps(frame).decode())


def _look(build_id: UUID, offset: int) -> tuple[str | None, str, str, int]:
    """The state first, so that no last words can come between it and the text."""
    row = Build.objects.filter(pk=build_id).values_list("state", "error").first()
    state, error = row or (None, "")
    return state, error, *build_logs.read(build_id, after=offset)


def _refusal(build_id: UUID, user: object) -> int | None:
    build = Build.objects.select_related("algorithm__owner").filter(pk=build_id).first()
    actor = actors.of_session(user)
    if build is None or not may_view(actor, build.algorithm):
        return UNKNOWN
    return None if may_see_builds(actor, build.algorithm) else REFUSED
