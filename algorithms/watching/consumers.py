"""WebSockets of an algorithm's page: the phases of a run, and the first call of a new key.

Both say at once what is already so.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final
from urllib.parse import parse_qs
from uuid import UUID

from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async

from algorithms import first_calls, phases
from marketplace.accounts import actors
from marketplace.lib.sockets import FINISHED, UNKNOWN, Follower

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
    """Tells the phases of the runs of one page."""

    said = ""

    async def admit(self) -> str | int:
        person = await database_sync_to_async(_person)(self.scope.get("user"))
        ticket = self.scope["url_route"]["kwargs"]["ticket"]
        self.name = phases.name_in(ticket, person.user_id) or ""
        return phases.group(self.name) if self.name else UNKNOWN

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


def _person(user: object) -> actors.Actor:
    return actors.of_session(user)
