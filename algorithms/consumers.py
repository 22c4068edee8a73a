"""WebSocket: sends a build's log as it grows, from the offset the browser names.

The log is read from the database at the pace of whoever listens, so a slow listener holds up
nobody.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async

from algorithms import build_logs
from algorithms.models import Build
from algorithms.permissions import may_see_builds, may_view
from marketplace.accounts import actors
from marketplace.lib.sockets import FINISHED, REFUSED, UNKNOWN, Follower, resumes_after


class BuildLogConsumer(Follower):
    """Follows one build for one browser."""

    build_id: UUID

    async def admit(self) -> str | int:
        self.build_id = self.scope["url_route"]["kwargs"]["build_id"]
        refusal = await database_sync_to_async(_refusal)(self.build_id, self.scope.get("user"))
        return refusal or build_logs.group(self.build_id)

    async def build_changed(self, event: dict[str, Any]) -> None:
        del event
        self.news.set()

    async def follow(self) -> int:
        offset = resumes_after(self.scope)
        while True:
            state, error, text, offset = await database_sync_to_async(_look)(self.build_id, offset)
            if text:
                await self.say(offset=offset, text=text)
            elif state is None:
                return UNKNOWN
            elif state in Build.ENDED:
                await self.say(state=state, error=error, offset=offset)
                return FINISHED
            else:
                await self.pause()


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
