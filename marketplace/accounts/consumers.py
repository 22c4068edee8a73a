"""WebSocket: how much a person has not read, and what they are told while a page is open.

Resumes after the notification whose id the browser names.
"""

from __future__ import annotations

from typing import Any, Final

from channels.db import database_sync_to_async

from marketplace.accounts import actors, notifications
from marketplace.accounts.models import Notification
from marketplace.lib.sockets import REFUSED, Follower, resumes_after

AT_ONCE: Final = 20


class NotificationConsumer(Follower):
    """Follows what one person is told, for one page of theirs."""

    look_every = 30.0
    user_id: int

    async def admit(self) -> str | int:
        actor = await database_sync_to_async(actors.of_session)(self.scope.get("user"))
        if actor.user_id is None:
            return REFUSED
        self.user_id = actor.user_id
        return notifications.group(self.user_id)

    async def told(self, event: dict[str, Any]) -> None:
        del event
        self.news.set()

    async def follow(self) -> int:
        after = resumes_after(self.scope)
        shown: int | None = None
        while True:
            unread, after, news = await database_sync_to_async(_look)(self.user_id, after)
            if news or unread != shown:
                await self.say(unread=unread, after=after, news=news)
                shown = unread
            await self.pause()


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
