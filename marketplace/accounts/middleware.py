"""A session's user becomes `request.actor`, for pages as for REST."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from marketplace.accounts import actors
from marketplace.accounts.actors import ANONYMOUS, Actor
from marketplace.accounts.models import User


class ActorRequest(HttpRequest):
    """A request as views see it."""

    actor: Actor


class ActorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = SimpleLazyObject(lambda: actor_of_session(request))  # type: ignore[attr-defined]
        return self.get_response(request)


def actor_of_session(request: HttpRequest) -> Actor:
    """The signed-in person, if they may still come in."""
    user = request.user
    if not isinstance(user, User) or not user.is_active or user.owner.is_suspended:
        return ANONYMOUS
    return actors.of_user(user)
