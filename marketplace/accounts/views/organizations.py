"""Organizations: mine, their people and roles, what they say about themselves, their end."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings as site_settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.accounts import avatars, closing, invitations, organizations
from marketplace.accounts.forms import (
    ROLES,
    InviteForm,
    NewOrganizationForm,
    OrganizationForm,
    PictureForm,
    RoleForm,
    carried_out,
)
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.models import Avatar, Membership, Owner, User
from marketplace.accounts.pages import for_people, freshly_signed_in, organization_named, sent
from marketplace.accounts.permissions import (
    may_close,
    may_make_keys,
    may_manage_organization,
    may_see_organization,
)
from marketplace.accounts.uploads import takes_files
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
            messages.success(
                request,
                _("%(name)s is ready. Invite the others now.") % {"name": owner.label},
            )
            return redirect("accounts:organization", owner.name)
    context = {"form": form, "memberships": _memberships(request), "section": "organizations"}
    return render(
        request, "accounts/organizations.html", context, status=400 if form.errors else 200
    )


@for_people
@require_safe
def organization(request: ActorRequest, name: str) -> HttpResponse:
    """The people of an organization."""
    return _page(request, _visible(request, name), InviteForm())


@for_people
@require_POST
def invite(request: ActorRequest, name: str) -> HttpResponse:
    owner = _visible(request, name)
    form = InviteForm(request.POST)
    if form.is_valid():
        done = carried_out(form, lambda: _invited(request, owner, form))
        if done is not None:
            messages.success(request, done)
            return redirect("accounts:organization", owner.name)
    return _page(request, owner, form)


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
            _("The role is changed."),
        )
    return redirect("accounts:organization", owner.name)


@for_people
@require_POST
def remove(request: ActorRequest, name: str, username: str) -> HttpResponse:
    owner = _visible(request, name)
    _tell(
        request,
        lambda: organizations.remove(owner, _member(owner, username), by=request.actor),
        _("%(name)s is no longer in %(organization)s.")
        % {"name": username, "organization": owner.label},
    )
    return redirect("accounts:organization", owner.name)


@for_people
@require_http_methods(["GET", "POST"])
def settings(request: ActorRequest, name: str) -> HttpResponse:
    """What the organization says about itself, and whether it approves versions."""
    owner = _visible(request, name)
    request.actor.require(may_manage_organization, owner)
    form = OrganizationForm(sent(request), initial=_present(owner))
    if form.is_valid():
        details, asks = form.details(), "approves_versions" in request.POST
        if carried_out(form, lambda: organizations.edit(owner, by=request.actor, details=details)):
            organizations.ask_for_approval(owner, by=request.actor, asks=asks)
            messages.success(request, _("Saved."))
            return redirect("accounts:organization_settings", owner.name)
    return _settings_page(request, owner, form, PictureForm())


@for_people
@require_POST
@takes_files(lambda: avatars.MOST_BYTES + 1)
def picture(request: ActorRequest, name: str) -> HttpResponse:
    """Take a picture of the organization, or remove it."""
    owner = _visible(request, name)
    if "remove" in request.POST:
        avatars.remove(owner, by=request.actor)
        messages.success(request, _("The picture is removed."))
        return redirect("accounts:organization_settings", owner.name)
    form = PictureForm(request.POST, request.FILES)
    if form.is_valid():
        content = form.cleaned_data["picture"].read(avatars.MOST_BYTES + 1)
        made = carried_out(
            form, lambda: avatars.change(owner, content, by=request.actor), field="picture"
        )
        if made is not None:
            messages.success(request, _("The picture is changed."))
            return redirect("accounts:organization_settings", owner.name)
    return _settings_page(request, owner, OrganizationForm(initial=_present(owner)), form)


@freshly_signed_in
@require_http_methods(["GET", "POST"])
def close(request: ActorRequest, name: str) -> HttpResponse:
    """Ask once more, then end the organization for good."""
    owner = _visible(request, name)
    request.actor.require(may_close, owner)
    if request.method == "POST":
        closing.close(owner, by=request.actor)
        messages.success(request, _("%(name)s is closed.") % {"name": owner.label})
        return redirect("accounts:organizations")
    context = {"owner": owner, "counts": closing.what_ends(owner)}
    return render(request, "accounts/close_organization.html", context)


def _visible(request: ActorRequest, name: str) -> Owner:
    owner = organization_named(name)
    if not may_see_organization(request.actor, owner):
        raise NotFound(_("There is no organization %(name)s.") % {"name": repr(name[:30])})
    return owner


def _memberships(request: ActorRequest) -> list[Membership]:
    rows = Membership.objects.filter(user=request.actor.user_id or 0)
    return list(rows.select_related("organization__owner").order_by("organization__label"))


def _member(owner: Owner, username: str) -> User:
    found = User.objects.filter(username__iexact=username, memberships__organization__owner=owner)
    person = found.first()
    if person is None:
        raise NotFound(
            _("%(username)s is not a member of %(owner)s.")
            % {"username": username[:30], "owner": owner}
        )
    return person


def _invited(request: ActorRequest, owner: Owner, form: InviteForm) -> str:
    """Invite a person here, or an address; give the sentence that says so."""
    request.actor.require(may_manage_organization, owner)
    text, role = form.cleaned_data["person"], form.chosen()
    person = invitations.person_called(text)
    if person is not None:
        invitations.invite(owner, person, by=request.actor, role=role)
        return _("%(name)s is invited.") % {"name": person.username}
    if "@" not in text:
        raise NotFound(
            _("Nobody here is called %(name)r. Give their e-mail address to invite them.")
            % {"name": text.strip()[:60]}
        )
    made = invitations.invite_address(
        owner, text, by=request.actor, role=role, link_of=_link_to_invitation
    )
    return _("A link is on its way to %(address)s.") % {"address": made.email}


def _link_to_invitation(token: str) -> str:
    return f"{site_settings.SITE_URL}{reverse('accounts:mailed_invitation', args=[token])}"


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


def _rights(request: ActorRequest, owner: Owner) -> dict[str, object]:
    """What the tabs of an organization show this person."""
    return {
        "may_manage": may_manage_organization(request.actor, owner),
        "may_make_keys": may_make_keys(request.actor, owner),
        "may_close": may_close(request.actor, owner),
    }


def _settings_page(
    request: ActorRequest, owner: Owner, form: OrganizationForm, picture_form: PictureForm
) -> HttpResponse:
    context = {
        "owner": owner,
        "form": form,
        "picture_form": picture_form,
        "has_picture": Avatar.objects.filter(owner=owner).exists(),
        "section": "settings",
        **_rights(request, owner),
    }
    status = 400 if form.errors or picture_form.errors else 200
    return render(request, "accounts/organization_settings.html", context, status=status)


def _page(request: ActorRequest, owner: Owner, invite_form: InviteForm) -> HttpResponse:
    members = Membership.objects.filter(organization=owner.organization)
    rights = _rights(request, owner)
    context = {
        "owner": owner,
        "invite_form": invite_form,
        "members": members.select_related("user__owner").order_by("role", "user__username"),
        "invitations": owner.organization.invitations.order_by("created_at")
        if owner.organization is not None and rights["may_manage"]
        else [],
        "roles": [(role, role.label) for role, _words in ROLES],
        "now": timezone.now(),
        "section": "people",
        **rights,
    }
    status = 400 if invite_form.errors else 200
    return render(request, "accounts/organization.html", context, status=status)
