"""What I was told: the list, where each leads, and how I want to be told."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.accounts import notifications
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.models import Notification
from marketplace.accounts.pages import for_people

PER_PAGE: Final = 30


@for_people
@require_safe
def everything(request: ActorRequest) -> HttpResponse:
    """List what I was told, the unread first."""
    mine = Notification.objects.filter(user_id=request.actor.user_id or 0)
    unread = list(mine.unread()[:100])
    read = mine.exclude(read_at__isnull=True)
    page = Paginator(read, PER_PAGE).get_page(request.GET.get("page"))
    context = {"unread": unread if page.number == 1 else [], "page": page, "kinds": _labels()}
    return render(request, "accounts/notifications.html", context)


@for_people
@require_POST
def open_one(request: ActorRequest, notification_id: int) -> HttpResponse:
    """Mark one as read and go where it leads."""
    row = notifications.open_one(notification_id, by=request.actor)
    is_ours = url_has_allowed_host_and_scheme(
        row.url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return redirect(row.url if row.url and is_ours else "accounts:notifications")


@for_people
@require_POST
def read_all(request: ActorRequest) -> HttpResponse:
    """Mark as read what the page has shown; what came since stays unread."""
    text = request.POST.get("up_to", "")
    up_to = int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None
    notifications.mark_read(by=request.actor, up_to=up_to)
    return redirect("accounts:notifications")


@for_people
@require_http_methods(["GET", "POST"])
def choices(request: ActorRequest) -> HttpResponse:
    """Show and set where I get each kind of news."""
    shown = notifications.choices_of(request.actor.user_id or 0)
    if request.method == "POST":
        places = {
            choice.kind: (
                f"site-{choice.kind}" in request.POST or not choice.is_optional,
                f"mail-{choice.kind}" in request.POST,
            )
            for choice in shown
        }
        notifications.choose(places, by=request.actor)
        messages.success(request, _("Your settings are saved."))
        return redirect("accounts:notification_choices")
    context = {"choices": shown, "section": "notifications"}
    return render(request, "accounts/notification_choices.html", context)


def _labels() -> dict[str, str]:
    return {name: str(kind.label) for name, kind in notifications.KINDS.items()}
