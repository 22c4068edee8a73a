"""The author's algorithms, and how a new one begins."""

from __future__ import annotations

import contextlib
from itertools import count

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from algorithms import authoring, builds, dashboards, environments
from algorithms.forms import NewAlgorithmForm
from algorithms.models import Algorithm
from marketplace.accounts.forms import carried_out
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.models import Owner
from marketplace.accounts.pages import for_people, self_of, sent
from marketplace.lib.errors import MarketplaceError, Unavailable
from runners.models import Environment


@for_people
@require_safe
def dashboard(request: ActorRequest) -> HttpResponse:
    mine = dashboards.of_owners(request.actor.owner_ids)
    page = Paginator(mine, 50).get_page(request.GET.get("page"))
    rows = dashboards.rows_of(page.object_list)
    context = {
        "rows": rows,
        "page": page,
        "totals": dashboards.totals_of(rows),
        "announced": environments.announced_to(request.actor.owner_ids),
    }
    return render(request, "algorithms/dashboard.html", context)


@for_people
@require_http_methods(["GET", "POST"])
def new(request: ActorRequest) -> HttpResponse:
    form = NewAlgorithmForm(sent(request), actor=request.actor)
    if form.is_valid():
        owner, details = form.cleaned_data["owner"], form.details()
        made = carried_out(form, lambda: authoring.create(owner, by=request.actor, **details))
        if made is not None:
            return _opened(request, made)
    return render(
        request, "algorithms/new.html", {"form": form}, status=400 if form.errors else 200
    )


@for_people
@require_POST
def first(request: ActorRequest) -> HttpResponse:
    """Make a small algorithm that works, under a name that is free, without asking anything."""
    environment = Environment.objects.offered().first()
    if environment is None:
        raise Unavailable(_("This site has no environment yet; its operator must set one up."))
    owner = self_of(request)
    made = authoring.create(
        owner, by=request.actor, name=_free_name(owner), environment=environment, tagline=""
    )
    return _opened(request, made)


def _free_name(owner: Owner) -> str:
    names = ("HelloWorld" if number == 1 else f"HelloWorld{number}" for number in count(1))
    return next(name for name in names if not Algorithm.objects.at(owner.name, name).exists())


def _opened(request: ActorRequest, made: Algorithm) -> HttpResponse:
    """Lead to the editor; the template is built behind it, so that Run answers at once."""
    with contextlib.suppress(MarketplaceError):  # the editor has a button for it
        builds.start(made, by=request.actor)
    messages.success(
        request,
        _("%(algorithm)s is ready: it works as it is. Change it, run it, publish it.")
        % {"algorithm": made},
    )
    return redirect("algorithms:editor", made.owner.name, made.name)
