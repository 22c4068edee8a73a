"""Whose money a page is about, and where its visitor finds this site."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.urls import reverse

from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.models import Owner
from marketplace.accounts.pages import self_of
from marketplace.lib.errors import MarketplaceError, NotFound


def owner_of(request: ActorRequest) -> Owner:
    """The owner named by `for`, if the actor answers for them; else the actor's own."""
    name = request.GET.get("for") or request.POST.get("for")
    if not name:
        return self_of(request)
    found = Owner.objects.named(name).open().select_related("user", "organization").first()
    if found is None or found.pk not in request.actor.administers:
        raise NotFound(f"You answer for no account {name[:30]!r}.")
    return found


def choices_of(request: ActorRequest) -> list[Owner]:
    """The accounts that the actor answers for."""
    rows = Owner.objects.open().filter(pk__in=request.actor.administers)
    return list(rows.select_related("user", "organization").order_by("name"))


def absolute(request: ActorRequest, name: str, *args: object, owner: Owner | None = None) -> str:
    """An address that Stripe sends people back to."""
    given = settings.IS_SITE_URL_GIVEN
    base = settings.SITE_URL if given else f"{request.scheme}://{request.get_host()}"
    query = f"?for={owner.name}" if owner is not None else ""
    return f"{base}{reverse(name, args=args)}{query}"


def attempted(request: ActorRequest, act: Callable[[], str]) -> str | None:
    """Give the address that it leads to; or say on the next page why there is none."""
    try:
        return act()
    except MarketplaceError as error:
        messages.error(request, error.message)
        return None
