"""Let somebody in who has shown that it is them, whichever way."""

from __future__ import annotations

from typing import Final

from django.contrib.auth import login
from django.http import HttpResponse
from django.shortcuts import redirect

from marketplace.accounts import browsers, preferences
from marketplace.accounts.middleware import ActorRequest, actor_of_session
from marketplace.accounts.models import User
from marketplace.accounts.pages import next_page

WAITING: Final = "waits_for_second_factor"
"""Name in a session: who has given the right password and still owes the second factor."""

_BACKEND: Final = "django.contrib.auth.backends.ModelBackend"


def let_in(request: ActorRequest, person: User, *, method: str) -> None:
    """Begin a new session; what the answer shows is already the person's."""
    request.session.pop(WAITING, None)
    request.session[browsers.METHOD] = method
    login(request, person, _BACKEND)
    preferences.note_language(person)
    request.actor = actor_of_session(request)


def enter(request: ActorRequest, person: User, *, method: str) -> HttpResponse:
    """Let the person in and go where they were going, in their language and colours."""
    let_in(request, person, method=method)
    answer = redirect(next_page(request))
    preferences.remember(answer, person)
    return answer
