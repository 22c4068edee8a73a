"""What the frame of every page shows of the person who looks at it."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from marketplace.accounts import notifications
from marketplace.accounts.actors import Actor


def person(request: HttpRequest) -> dict[str, object]:
    """How much the person has not read; asked only by a template that shows it."""
    return {"unread_count": SimpleLazyObject(lambda: _unread(request))}


def _unread(request: HttpRequest) -> int:
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None or actor.user_id is None:
        return 0
    return notifications.unread_count(actor.user_id)
