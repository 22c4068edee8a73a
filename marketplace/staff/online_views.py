"""What staff see of services that are online, and how they end one."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.pages import for_people
from marketplace.accounts.permissions import may_administer
from marketplace.lib.errors import MarketplaceError
from projects import launching
from projects.models import Launch, Service

_SITE = "this site"


@for_people
@require_safe
def online(request: ActorRequest) -> HttpResponse:
    """Everything that is online or on its way there, the oldest first."""
    request.actor.require(may_administer, _SITE)
    rows = Launch.objects.live().select_related(
        "service__project__owner", "service__algorithm__owner", "version"
    )
    context = {"launches": rows.order_by("created_at"), "tab": "online"}
    return render(request, "staff/online.html", context)


@for_people
@require_POST
def end(request: ActorRequest, service_id: UUID) -> HttpResponse:
    request.actor.require(may_administer, _SITE)
    rows = Service.objects.select_related("owner__organization", "project__owner")
    service = get_object_or_404(rows, pk=service_id)
    try:
        because = request.POST.get("because", "")
        launching.take_offline(service, by=request.actor, because=because)
        messages.success(request, _("%(service)s is offline.") % {"service": service})
    except MarketplaceError as error:
        messages.error(request, error.message)
    return redirect("staff:online")
