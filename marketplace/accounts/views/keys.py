"""The keys of a person or an organization: what each may do, make one, end one."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from marketplace.accounts import keys, patterns
from marketplace.accounts.forms import KeyForm, carried_out
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.models import APIKey, Owner
from marketplace.accounts.pages import for_people, organization_named, self_of, sent
from marketplace.accounts.permissions import may_make_keys, may_manage_keys, may_revoke_key
from marketplace.accounts.wording import rights
from marketplace.lib.errors import NotFound


@for_people
@require_http_methods(["GET", "POST"])
def key_list(request: ActorRequest, name: str = "") -> HttpResponse:
    """List the keys and make a new one; the answer to that shows its secret, once."""
    owner = organization_named(name) if name else self_of(request)
    request.actor.require(may_make_keys, owner)
    form = KeyForm(sent(request))
    if form.is_valid():
        made = carried_out(form, lambda: _create(request, owner, form))
        if made is not None:
            return _created(request, owner, *made)
    is_manager = may_manage_keys(request.actor, owner)
    context = {
        "owner": owner,
        "form": form,
        "section": "keys",
        "is_manager": is_manager,
        "may_manage": is_manager,
        "may_make_keys": True,
        **_shown(owner, only_of=None if is_manager else request.actor.user_id),
    }
    return render(request, "accounts/keys.html", context, status=400 if form.errors else 200)


@for_people
@require_http_methods(["GET", "POST"])
def revoke(request: ActorRequest, key_id: UUID) -> HttpResponse:
    """Ask once more, with what is known about the key's use, then end it."""
    key = APIKey.objects.select_related("owner").filter(pk=key_id).first()
    if key is None or not may_revoke_key(request.actor, key):
        raise NotFound(_("There is no such key."))
    if request.method == "GET":
        return render(request, "accounts/revoke_key.html", {"key": key, "rights": rights(key)})
    keys.revoke(key, by=request.actor)
    messages.success(request, _("The key “%(label)s” is revoked.") % {"label": key.label})
    if key.owner.organization_id is None:
        return redirect("accounts:keys")
    return redirect("accounts:organization_keys", key.owner.name)


def _create(request: ActorRequest, owner: Owner, form: KeyForm) -> tuple[APIKey, str]:
    return keys.create(
        owner,
        by=request.actor,
        label=form.cleaned_data["label"],
        scopes=form.scopes(),
        expires_at=form.expires_at(),
    )


def _created(request: ActorRequest, owner: Owner, key: APIKey, secret: str) -> HttpResponse:
    context = {
        "owner": owner,
        "key": key,
        "secret": secret,
        "rights": rights(key),
        "covered": patterns.covered(key.algorithm_patterns),
    }
    return render(request, "accounts/key_created.html", context)


def _shown(owner: Owner, *, only_of: int | None) -> dict[str, object]:
    """The owner's keys; to a member of an organization their own."""
    known = owner.api_keys.select_related("user")
    if only_of is not None:
        known = known.filter(user=only_of)
    usable = known.usable()
    ended = known.exclude(pk__in=usable.values("pk"))
    return {
        "keys": [(key, rights(key)) for key in usable.order_by("-created_at")],
        "ended": ended.order_by("-created_at")[:50],
    }
