"""An invitation: what it is to, and yes or no; by link for who had no account."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from marketplace.accounts import invitations, organizations
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.models import Membership
from marketplace.accounts.pages import for_people, organization_named
from marketplace.lib.errors import NotFound


@for_people
@require_http_methods(["GET", "POST"])
def invitation(request: ActorRequest, name: str) -> HttpResponse:
    """Look at an invitation of mine, accept or decline it; also leave an organization."""
    membership = _mine_in(request, name)
    label = membership.organization.label
    if request.method == "GET":
        if membership.role != Membership.Role.INVITED:
            return redirect("accounts:organization", membership.organization.owner.name)
        context = {
            "organization": membership.organization,
            "role": membership.get_invited_as_display(),
            "inviter": membership.invited_by,
            "expires_at": membership.expires_at,
            "is_over": invitations.is_over(membership),
        }
        return render(request, "accounts/invitation.html", context)
    if request.POST.get("answer") == "accept":
        invitations.accept(membership, by=request.actor)
        messages.success(request, _("You are now in %(name)s.") % {"name": label})
        return redirect("accounts:organization", membership.organization.owner.name)
    organizations.leave(membership, by=request.actor)
    messages.success(request, _("You are not in %(name)s.") % {"name": label})
    return redirect("accounts:organizations")


@never_cache
@require_http_methods(["GET", "POST"])
def mailed(request: ActorRequest, token: str) -> HttpResponse:
    """Look at an invitation that came by mail; to accept it one must be signed in."""
    found = invitations.behind(token)
    if request.method == "POST" and request.POST.get("answer") == "decline":
        invitations.decline_mailed(token)
        return render(request, "accounts/invitation_declined.html", {"found": found})
    if request.method == "POST":
        membership = invitations.accept_mailed(token, by=request.actor)
        label = membership.organization.label
        messages.success(request, _("You are now in %(name)s.") % {"name": label})
        return redirect("accounts:organization", membership.organization.owner.name)
    context = {
        "organization": found.organization,
        "role": found.get_role_display(),
        "inviter": found.invited_by,
        "expires_at": found.expires_at,
        "is_by_mail": True,
    }
    answer = render(request, "accounts/invitation.html", context)
    answer["Referrer-Policy"] = "no-referrer"
    return answer


@for_people
@require_POST
def take_back(request: ActorRequest, name: str, invitation_id: UUID) -> HttpResponse:
    owner = organization_named(name)
    invitations.take_back(owner, invitation_id, by=request.actor)
    messages.success(request, _("The invitation is taken back."))
    return redirect("accounts:organization", owner.name)


def _mine_in(request: ActorRequest, name: str) -> Membership:
    owner = organization_named(name)
    rows = Membership.objects.filter(
        user=request.actor.user_id or 0, organization=owner.organization
    )
    membership = rows.select_related("organization__owner", "invited_by").first()
    if membership is None:
        raise NotFound(_("You are not in an organization %(name)r.") % {"name": name[:30]})
    return membership
