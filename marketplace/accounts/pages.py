"""What pages for signed-in people have in common."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from marketplace.accounts import browsers
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.models import Owner
from marketplace.lib.errors import NotFound, NotSignedIn

P = ParamSpec("P")


def for_people(
    view: Callable[Concatenate[ActorRequest, P], HttpResponse],
) -> Callable[Concatenate[ActorRequest, P], HttpResponse]:
    """Send everybody else to the sign-in page and back; keep the page out of shared caches."""

    @wraps(view)
    def guarded(request: ActorRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.actor.is_anonymous:
            raise NotSignedIn(_("Sign in to see this page."))
        answer = view(request, *args, **kwargs)
        answer["Cache-Control"] = "no-store, private"
        return answer

    return guarded


def freshly_signed_in(
    view: Callable[Concatenate[ActorRequest, P], HttpResponse],
) -> Callable[Concatenate[ActorRequest, P], HttpResponse]:
    """Let only people do this who showed within the last minutes that it is them."""

    @for_people
    @wraps(view)
    def guarded(request: ActorRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not browsers.is_fresh(request):
            wanted = urlencode({"next": request.get_full_path()})
            return redirect(f"{reverse('accounts:confirm')}?{wanted}")
        return view(request, *args, **kwargs)

    return guarded


def self_of(request: ActorRequest) -> Owner:
    return Owner.objects.select_related("user").get(pk=request.actor.owner_id or "")


def organization_named(name: str) -> Owner:
    """The organization in a URL, or NotFound."""
    found = Owner.objects.named(name).open().filter(organization__isnull=False)
    owner = found.select_related("organization").first()
    if owner is None:
        raise NotFound(_("There is no organization %(name)s.") % {"name": repr(name[:30])})
    return owner


def next_page(request: HttpRequest, *, home: str | None = None) -> str:
    """Where the person was going, if that is a page of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    if wanted and is_ours:
        return wanted
    return resolve_url(settings.LOGIN_REDIRECT_URL) if home is None else home


def sent(request: HttpRequest) -> QueryDict | None:
    """What a form was sent with; None when it is only looked at."""
    return request.POST if request.method == "POST" else None
