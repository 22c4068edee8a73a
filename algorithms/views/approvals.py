"""What waits for an administrator's yes, on a page that works on a phone."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from algorithms import approvals
from algorithms.models import Version
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.pages import for_people
from marketplace.lib.errors import BadInput, Conflict, NotFound


@for_people
@require_safe
def waiting(request: ActorRequest) -> HttpResponse:
    context = {"waiting": approvals.waiting_for(by=request.actor)}
    return render(request, "approvals/waiting.html", context)


@for_people
@require_POST
def decide(request: ActorRequest, version_id: UUID) -> HttpResponse:
    """Approve or refuse; who may not know of the version is told that there is none."""
    rows = Version.objects.select_related("algorithm__owner__organization")
    version = rows.filter(pk=version_id, algorithm__owner__in=request.actor.owner_ids).first()
    if version is None:
        raise NotFound(_("There is no such version."))
    try:
        if request.POST.get("decision") == "approve":
            approvals.approve(version, by=request.actor)
            messages.success(request, _("%(version)s is approved.") % {"version": version})
        else:
            reason = request.POST.get("reason", "")
            approvals.refuse(version, by=request.actor, reason=reason)
            messages.success(request, _("%(version)s is refused.") % {"version": version})
    except (BadInput, Conflict) as error:
        messages.error(request, error.message)
    return redirect("algorithms:approvals")
