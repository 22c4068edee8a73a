"""Whose money a page is about, and where its visitor finds this site."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.gateway import gateway
from billing.permissions import may_see_bills
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
        raise NotFound(_("You answer for no account %(name)s.") % {"name": repr(name[:30])})
    return found


def viewed(request: ActorRequest) -> Owner:
    """The owner named by `for`, if the actor may see their bills; else the actor's own."""
    name = request.GET.get("for") or request.POST.get("for")
    if not name:
        return self_of(request)
    rows = Owner.objects.named(name).open().select_related("user", "organization")
    found = rows.first()
    if found is None or not may_see_bills(request.actor, found):
        raise NotFound(_("You see the bills of no account %(name)s.") % {"name": repr(name[:30])})
    return found


def account_named(name: str) -> Owner:
    """Any account by its name, for staff; NotFound if there is none."""
    found = Owner.objects.named(name.strip()).first()
    if found is None:
        raise NotFound(_("There is no account %(name)s.") % {"name": repr(name[:30])})
    return found


def section(request: ActorRequest, owner: Owner, current: str) -> dict[str, object]:
    """What every page about money shows around its own: whose it is, and where else to go."""
    is_own = owner.pk == request.actor.owner_id
    return {
        "owner": owner,
        "owners": choices_of(request),
        "whose": "" if is_own else f"?for={owner.name}",
        "current": current,
        "is_test": not gateway().is_live,
        "is_there": gateway().is_there,
        "may_pay": owner.pk in request.actor.administers,
    }


def choices_of(request: ActorRequest) -> list[Owner]:
    """The accounts that the actor answers for, or pays the bills of."""
    seen = request.actor.administers | request.actor.bills_for
    rows = Owner.objects.open().filter(pk__in=seen)
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
