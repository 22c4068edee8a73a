"""A session's user becomes `request.actor`, and what a page's use case refuses becomes a page."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from marketplace.accounts import actors, browsers
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import (
    MarketplaceError,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TooMany,
    Unavailable,
)


class ActorRequest(HttpRequest):
    """A request as views see it."""

    actor: Actor


class ActorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = SimpleLazyObject(lambda: actor_of_session(request))  # type: ignore[attr-defined]
        answer = self.get_response(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            browsers.note_seen(request)
        return answer

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Show a refusal that a page did not show itself; REST views answer theirs before."""
        if not isinstance(exception, MarketplaceError):
            return None
        if isinstance(exception, NotSignedIn) and request.method == "GET":
            return redirect_to_login(request.get_full_path(), reverse("accounts:sign_in"))
        return _refusal(request, exception)


def _refusal(request: HttpRequest, error: MarketplaceError) -> HttpResponse:
    template = "accounts/refused.html"
    if isinstance(error, (NotAllowed, NotSignedIn)):
        template = "403.html"
    elif isinstance(error, NotFound):
        template = "404.html"
    answer = render(request, template, {"exception": error.message}, status=error.status)
    if isinstance(error, (TooMany, Unavailable)):
        answer["Retry-After"] = str(error.retry_after)
    return answer


def actor_of_session(request: HttpRequest) -> Actor:
    """The signed-in person, if they may still come in."""
    return actors.of_session(request.user)
