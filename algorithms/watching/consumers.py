"""WebSockets of an algorithm's page: how a run gets on, and the first call of a new key.

Both say at once what is already so.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final
from urllib.parse import parse_qs
from uuid import UUID

import orjson
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async

from algorithms import first_calls, live_calls
from marketplace.accounts import actors
from marketplace.lib.sockets import FINISHED, UNKNOWN, Follower

CANCEL_SECONDS: Final = 0.5
"""Who asks more often is heard once in that time."""

LONGEST: Final = 3600.0
"""Seconds after which a page that waits has to come again."""


class _Watcher(Follower):
    """Looks whenever there is news, until it is done or has waited for too long."""

    async def look(self) -> bool:
        """Say what is new; whether there is no more to come."""
        raise NotImplementedError

    async def follow(self) -> int:
        try:
            async with asyncio.timeout(LONGEST):
                while not await self.look():
                    await self.pause()
        except TimeoutError:
            pass
        return FINISHED


class RunConsumer(_Watcher):
    """Tells how the runs of one page get on, and takes the word that ends the one in progress."""

    asked_at = 0.0

    async def admit(self) -> str | int:
        person = await database_sync_to_async(_person)(self.scope.get("user"))
        ticket = self.scope["url_route"]["kwargs"]["ticket"]
        self.name = live_calls.name_in(ticket, person.user_id) or ""
        self.said: live_calls.Snapshot = {}
        return live_calls.group(self.name) if self.name else UNKNOWN

    async def call_news(self, event: dict[str, Any]) -> None:
        del event
        self.news.set()

    async def look(self) -> bool:
        snapshot = await sync_to_async(live_calls.last)(self.name)
        told = live_calls.news(self.said, snapshot)
        self.said = snapshot
        if told:
            await self.say(**told)
        return False

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """`{"type": "cancel"}` ends the run; whoever has the page's ticket has set it off."""
        del bytes_data
        now = time.monotonic()
        if self.group is None or now - self.asked_at < CANCEL_SECONDS or not _cancels(text_data):
            return
        self.asked_at = now
        live_calls.cancel(self.name)


class FirstCallConsumer(_Watcher):
    """Tells of the first call that arrives with a key after the moment the page names."""

    async def admit(self) -> str | int:
        self.key_id: UUID = self.scope["url_route"]["kwargs"]["key_id"]
        query = parse_qs(self.scope["query_string"].decode("latin-1"))
        self.after = first_calls.moment(query.get("after", [""])[0])
        person = await database_sync_to_async(_person)(self.scope.get("user"))
        is_theirs = await database_sync_to_async(first_calls.may_watch)(person, self.key_id)
        return first_calls.group(self.key_id) if is_theirs else UNKNOWN

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


def _cancels(text: str | None) -> bool:
    try:
        said = orjson.loads(text or "")
    except orjson.JSONDecodeError:
        return False
    return isinstance(said, dict) and said.get("type") == "cancel"


def _person(user: object) -> actors.Actor:
    return actors.of_session(user)
