"""Passkeys, as the browser's script asks for them: options, then the browser's answer."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import orjson
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from marketplace.accounts import browsers, passkeys
from marketplace.accounts.entering import enter
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.pages import for_people, freshly_signed_in, next_page
from marketplace.accounts.passkeys import Place
from marketplace.lib.errors import BadInput, MarketplaceError

_CHALLENGE: Final = "passkey_challenge"
_MOST_BYTES: Final = 64 * 1024


@freshly_signed_in
@require_http_methods(["GET", "POST"])
def add(request: ActorRequest) -> HttpResponse:
    """A GET gives what the browser needs, a POST brings what it made."""
    if request.method == "GET":
        options, challenge = passkeys.creation_options(by=request.actor, place=_place(request))
        return _options(request, options, challenge)
    try:
        made = passkeys.add(
            _answer(request),
            by=request.actor,
            place=_place(request),
            challenge=_challenge(request),
            label=browsers.in_words(request.META.get("HTTP_USER_AGENT", "")),
        )
    except MarketplaceError as error:
        return _refusal(error)
    messages.success(request, _("The passkey “%(label)s” is added.") % {"label": made.label})
    return JsonResponse({"next": "/security/"})


@freshly_signed_in
@require_POST
def remove(request: ActorRequest, passkey_id: int) -> HttpResponse:
    passkeys.remove(passkey_id, by=request.actor)
    messages.success(request, _("The passkey is removed."))
    return redirect("accounts:security")


@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: ActorRequest) -> HttpResponse:
    """Come in with a passkey: it is two factors in one, so no code is asked after it."""
    if request.method == "GET":
        return _options(request, *passkeys.request_options(_place(request)))
    try:
        person = passkeys.check(
            _answer(request), place=_place(request), challenge=_challenge(request)
        )
    except MarketplaceError as error:
        return _refusal(error)
    entered = enter(request, person, method="passkey")
    answer = JsonResponse({"next": next_page(request)})
    answer.cookies = entered.cookies
    return answer


@for_people
@require_http_methods(["GET", "POST"])
def confirm(request: ActorRequest) -> HttpResponse:
    """Show with a passkey that it is you."""
    if request.method == "GET":
        return _options(request, *passkeys.request_options(_place(request)))
    try:
        person = passkeys.check(
            _answer(request), place=_place(request), challenge=_challenge(request)
        )
    except MarketplaceError as error:
        return _refusal(error)
    if person.pk != request.actor.user_id:
        return _refusal(BadInput(_("This passkey is of another account.")))
    browsers.note_confirmed(request)
    return JsonResponse({"next": next_page(request)})


def _place(request: HttpRequest) -> Place:
    """Where this site is for the browser: as the operator says, else as it was found.

    Browsers know passkeys for names only, so a site on one's own machine is found as localhost.
    """
    found = f"{request.scheme}://{request.get_host()}"
    is_here = urlsplit(found).hostname == "localhost"
    origin = settings.SITE_URL if settings.IS_SITE_URL_GIVEN and not is_here else found
    return Place(urlsplit(origin).hostname or "", origin)


def _options(request: HttpRequest, options: str, challenge: str) -> HttpResponse:
    request.session[_CHALLENGE] = challenge
    return HttpResponse(options, content_type="application/json")


def _challenge(request: HttpRequest) -> str:
    """The challenge given out last; it counts once."""
    challenge = str(request.session.pop(_CHALLENGE, ""))
    if not challenge:
        raise BadInput(_("This took too long, or was done already. Try again."))
    return challenge


def _answer(request: HttpRequest) -> bytes:
    body = request.body
    if len(body) > _MOST_BYTES:
        raise BadInput(_("The browser's answer is too long."))
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BadInput(_("The browser's answer cannot be read.")) from None
    return body


def _refusal(error: MarketplaceError) -> HttpResponse:
    return JsonResponse({"error": {"message": error.message}}, status=error.status)
