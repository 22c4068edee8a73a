"""WebSocket: sends the log of a launch as it grows, until its state is another one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async

from marketplace.accounts import actors
from marketplace.lib.sockets import FINISHED, REFUSED, UNKNOWN, Follower, resumes_after
from projects.launch_logs import LOG
from projects.models import Launch
from projects.permissions import may_read_log, may_see_project


class LaunchLogConsumer(Follower):
    """Follows one launch for one page, which shows it in the state that its address names."""

    launch_id: UUID
    shown: str

    async def admit(self) -> str | int:
        place = self.scope["url_route"]["kwargs"]
        self.launch_id, self.shown = place["launch_id"], place["state"]
        refusal = await database_sync_to_async(_refusal)(self.launch_id, self.scope.get("user"))
        return refusal or LOG.group(self.launch_id)

    async def launch_changed(self, event: dict[str, Any]) -> None:
        del event
        self.news.set()

    async def follow(self) -> int:
        offset = resumes_after(self.scope)
        while True:
            state, reason, text, offset = await database_sync_to_async(_look)(
                self.launch_id, offset
            )
            if text:
                await self.say(offset=offset, text=text)
            elif state is None:
                return UNKNOWN
            elif state != self.shown:
                await self.say(state=state, error=reason, offset=offset)
                return FINISHED
            else:
                await self.pause()


def _look(launch_id: UUID, offset: int) -> tuple[str | None, str, str, int]:
    """The state first, so that no last words can come between it and the text."""
    row = Launch.objects.filter(pk=launch_id).values_list("state", "reason").first()
    state, reason = row or (None, "")
    return state, reason, *LOG.read(launch_id, after=offset)


def _refusal(launch_id: UUID, user: object) -> int | None:
    rows = Launch.objects.select_related("service__project__owner")
    launch = rows.filter(pk=launch_id).first()
    actor = actors.of_session(user)
    if launch is None or not may_see_project(actor, launch.service.project):
        return UNKNOWN
    return None if may_read_log(actor, launch.service) else REFUSED
