"""The language and the colours a person has chosen, carried to each of their browsers."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import HttpResponse
from django.utils import translation

from marketplace.accounts.actors import Actor
from marketplace.accounts.models import User

THEME_COOKIE: Final = "theme"
_YEAR: Final = 365 * 24 * 3600


def remember(answer: HttpResponse, person: User) -> None:
    """Set or clear the cookies that pages read before anything else."""
    for name, value in (
        (settings.LANGUAGE_COOKIE_NAME, person.language),
        (THEME_COOKIE, person.theme),
    ):
        if value:
            answer.set_cookie(
                name,
                value,
                max_age=_YEAR,
                samesite="Lax",
                secure=bool(settings.SESSION_COOKIE_SECURE),
            )


def choose_language(answer: HttpResponse, language: str, *, by: Actor) -> None:
    """Keep it in the browser, and in the profile of whoever is signed in."""
    answer.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=_YEAR,
        samesite="Lax",
        secure=bool(settings.SESSION_COOKIE_SECURE),
    )
    if by.user_id is not None:
        User.objects.filter(pk=by.user_id).update(language=language)


def note_language(person: User) -> None:
    """Keep what pages are read in, for the mails of whoever has chosen no language."""
    seen = translation.get_language() or ""
    if person.seen_language != seen:
        person.seen_language = seen
        person.save(update_fields=["seen_language"])


def change(answer: HttpResponse, person: User) -> None:
    """Like remember, but what the person has no wish for any more is cleared."""
    remember(answer, person)
    if not person.language:
        answer.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
    if not person.theme:
        answer.delete_cookie(THEME_COOKIE)
