"""WebSockets of an algorithm's page: the phases of a run, and the first call of a new key.

Both say at once what is already so, hence a socket that was lost may simply come again; both
look by themselves every two seconds too, since a message of the channel layer may get lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any, Final
from urllib.parse import parse_qs
from uuid import UUID

import orjson
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from algorithms import first_calls, phases
from marketplace.accounts import actors
from marketplace.lib.sockets import is_from_our_pages

logger = logging.getLogger(__name__)

FINISHED: Final = 1000
FAILED: Final = 1011
UNKNOWN: Final = 4404
LOOK_EVERY: Final = 2.0
LONGEST: Final = 3600.0
"""Seconds after which a page that waits has to come again."""


class _Watcher(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels has no types
    """Sends what there is to say whenever there is news, until it is done."""

    group: str | None = None
    task: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        self.news = asyncio.Event()
        if not is_from_our_pages(self.scope):
            await self.close()
            return
        await self.accept()
        group = await self.watched()
        if group is None:
            await self.close(code=UNKNOWN)
            return
        self.group = group
        await self.channel_layer.group_add(group, self.channel_name)
        self.task = asyncio.create_task(self._watch())

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

    async def watched(self) -> str | None:
        """The group whose messages are news; nothing for strangers."""
        raise NotImplementedError

    async def look(self) -> bool:
        """Send what is new; whether there is no more to come."""
        raise NotImplementedError

    async def say(self, **frame: object) -> None:
        await self.send(text_data=orjson.dumps(frame).decode())

    async def _watch(self) -> None:
        try:
            async with asyncio.timeout(LONGEST):
                while not await self.look():
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self.news.wait(), LOOK_EVERY)
                    self.news.clear()
            await self.close(code=FINISHED)
        except TimeoutError:
            await self.close(code=FINISHED)
        except Exception:
            logger.exception("A page could not be told what it watches")
            await self.close(code=FAILED)


class RunConsumer(_Watcher):
    """Tells the phases of the runs of one page."""

    said = ""

    async def watched(self) -> str | None:
        person = await database_sync_to_async(_person)(self.scope.get("user"))
        ticket = self.scope["url_route"]["kwargs"]["ticket"]
        self.name = phases.name_in(ticket, person.user_id) or ""
        return phases.group(self.name) if self.name else None

    async def run_phase(self, event: dict[str, Any]) -> None:
        self.said = event["phase"]
        await self.say(phase=self.said)

    async def look(self) -> bool:
        phase = await sync_to_async(phases.last)(self.name)
        if phase and phase != self.said:
            self.said = phase
            await self.say(phase=phase)
        return False


class FirstCallConsumer(_Watcher):
    """Tells of the first call that arrives with a key after the moment the page names."""

    async def watched(self) -> str | None:
        self.key_id: UUID = self.scope["url_route"]["kwargs"]["key_id"]
        query = parse_qs(self.scope["query_string"].decode("latin-1"))
        self.after = first_calls.moment(query.get("after", [""])[0])
        person = await database_sync_to_async(_person)(self.scope.get("user"))
        is_theirs = await database_sync_to_async(first_calls.may_watch)(person, self.key_id)
        return first_calls.group(self.key_id) if is_theirs else None

    async def key_called(self, event: dict[str, Any]) -> None:
        del event
        self.news.set()

    async def look(self) -> bool:
        found = await database_sync_to_async(first_calls.first)(self.key_id, after=self.after)
        if found is None:
            return False
        await self.say(
            algorithm=found.algorithm, seconds=found.seconds, succeeded=found.has_succeeded
        )
        return True


def _person(user: object) -> actors.Actor:
    return actors.of_session(user)
