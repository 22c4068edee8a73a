"""A key for the snippets of the page one stands on, made in place."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from marketplace.accounts import keys, new_keys
from marketplace.accounts.keys import KeyScopes
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.models import APIKey, Owner
from marketplace.catalog.algorithm_pages.finding import page_at
from marketplace.lib.errors import NotSignedIn


@require_POST
def make(request: ActorRequest, owner: str, name: str) -> HttpResponse:
    """Make a key that calls this algorithm and nothing else; the page shows it once."""
    page = page_at(request, owner, name)
    if request.actor.owner_id is None:
        raise NotSignedIn(_("Sign in to make a key."))
    scopes = KeyScopes(
        algorithm_access=APIKey.AlgorithmAccess.RESTRICTED,
        algorithm_patterns=[str(page.algorithm)],
        data_access=APIKey.DataAccess.READ,
    )
    holder = Owner.objects.get(pk=request.actor.owner_id)
    key, secret = keys.create(
        holder, by=request.actor, label=f"for {page.algorithm}"[:100], scopes=scopes
    )
    new_keys.leave(request, key, secret)
    place = reverse("catalog:algorithm", args=[owner, name])
    return redirect(f"{place}#use")
