"""Organizations: mine, their people, invitations, roles."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from marketplace.accounts import organizations
from marketplace.accounts.forms import (
    ROLES,
    InviteForm,
    NewOrganizationForm,
    OrganizationForm,
    RoleForm,
    carried_out,
)
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.models import Membership, Owner, User
from marketplace.accounts.pages import for_people, organization_named, sent
from marketplace.accounts.permissions import may_manage_organization, may_see_organization
from marketplace.lib.errors import MarketplaceError, NotFound


@for_people
@require_http_methods(["GET", "POST"])
def mine(request: ActorRequest) -> HttpResponse:
    """List the organizations I am in and those that invite me, and make a new one."""
    form = NewOrganizationForm(sent(request))
    if form.is_valid():
        name, details = form.cleaned_data["name"], form.details()
        owner = carried_out(
            form, lambda: organizations.create(name, by=request.actor, details=details)
        )
        if owner is not None:
            messages.success(request, f"{owner.label} is ready. Invite the others now.")
            return redirect("accounts:organization", owner.name)
    context = {"form": form, "memberships": _memberships(request)}
    return render(
        request, "accounts/organizations.html", context, status=400 if form.errors else 200
    )


@for_people
@require_http_methods(["GET", "POST"])
def organization(request: ActorRequest, name: str) -> HttpResponse:
    owner = _visible(request, name)
    form = OrganizationForm(sent(request), initial=_present(owner))
    if form.is_valid():
        details = form.details()
        if carried_out(form, lambda: organizations.edit(owner, by=request.actor, details=details)):
            messages.success(request, "Saved.")
            return redirect("accounts:organization", owner.name)
    return _page(request, owner, form, InviteForm())


@for_people
@require_POST
def invite(request: ActorRequest, name: str) -> HttpResponse:
    owner = _visible(request, name)
    form = InviteForm(request.POST)
    if form.is_valid() and carried_out(form, lambda: _invited(request, owner, form)) is not None:
        messages.success(request, "The invitation waits on their organizations page.")
        return redirect("accounts:organization", owner.name)
    return _page(request, owner, OrganizationForm(initial=_present(owner)), form)


@for_people
@require_POST
def change_role(request: ActorRequest, name: str, username: str) -> HttpResponse:
    owner, form = _visible(request, name), RoleForm(request.POST)
    if form.is_valid():
        role = form.chosen()
        _tell(
            request,
            lambda: organizations.change_role(
                owner, _member(owner, username), role, by=request.actor
            ),
            "The role is changed.",
        )
    return redirect("accounts:organization", owner.name)


@for_people
@require_POST
def remove(request: ActorRequest, name: str, username: str) -> HttpResponse:
    owner = _visible(request, name)
    _tell(
        request,
        lambda: organizations.remove(owner, _member(owner, username), by=request.actor),
        f"{username} is no longer in {owner.label}.",
    )
    return redirect("accounts:organization", owner.name)


@for_people
@require_POST
def answer(request: ActorRequest, name: str) -> HttpResponse:
    """Accept or decline an invitation, or leave."""
    membership = _mine_in(request, name)
    label = membership.organization.label
    if request.POST.get("answer") == "accept":
        _tell(
            request,
            lambda: organizations.accept(membership, by=request.actor),
            f"You are now in {label}.",
        )
    else:
        _tell(
            request,
            lambda: organizations.leave(membership, by=request.actor),
            f"You are not in {label}.",
        )
    return redirect("accounts:organizations")


def _visible(request: ActorRequest, name: str) -> Owner:
    owner = organization_named(name)
    if not may_see_organization(request.actor, owner):
        raise NotFound(f"There is no organization {name[:30]!r}.")
    return owner


def _memberships(request: ActorRequest) -> list[Membership]:
    rows = Membership.objects.filter(user=request.actor.user_id or 0)
    return list(rows.select_related("organization__owner").order_by("organization__label"))


def _mine_in(request: ActorRequest, name: str) -> Membership:
    for membership in _memberships(request):
        if membership.organization.owner.name.lower() == name.lower():
            return membership
    raise NotFound(f"You are not in an organization {name[:30]!r}.")


def _member(owner: Owner, username: str) -> User:
    found = User.objects.filter(username__iexact=username, memberships__organization__owner=owner)
    person = found.first()
    if person is None:
        raise NotFound(f"{username[:30]} is not a member of {owner}.")
    return person


def _invited(request: ActorRequest, owner: Owner, form: InviteForm) -> Membership:
    text = form.cleaned_data["person"].strip()
    by_name = Q(username__iexact=text) | Q(email__iexact=text)
    person = User.objects.filter(by_name, is_active=True, owner__isnull=False).first()
    request.actor.require(may_manage_organization, owner)
    if person is None:
        raise NotFound(
            f"Nobody here has the name or address {text[:60]!r}; they must sign up first."
        )
    return organizations.invite(owner, person, by=request.actor, role=form.chosen())


def _tell(request: ActorRequest, act: Callable[[], object], done: str) -> None:
    """Do it and say so, or say why not, on the page that follows."""
    try:
        act()
    except MarketplaceError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, done)


def _present(owner: Owner) -> dict[str, str]:
    organization = owner.organization
    if organization is None:
        return {}
    names = ("label", "contact_name", "contact_email", "website")
    return {name: getattr(organization, name) for name in names}


def _page(
    request: ActorRequest, owner: Owner, form: OrganizationForm, invite_form: InviteForm
) -> HttpResponse:
    members = Membership.objects.filter(organization=owner.organization)
    context = {
        "owner": owner,
        "form": form,
        "invite_form": invite_form,
        "members": members.select_related("user").order_by("role", "user__username"),
        "roles": ROLES,
        "may_manage": may_manage_organization(request.actor, owner),
    }
    status = 400 if form.errors or invite_form.errors else 200
    return render(request, "accounts/organization.html", context, status=status)
