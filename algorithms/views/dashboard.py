"""The author's algorithms, and how a new one begins."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import OuterRef, Prefetch, Subquery
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from algorithms import authoring
from algorithms.forms import NewAlgorithmForm
from algorithms.models import Algorithm, Build, Version
from marketplace.accounts.forms import carried_out
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.pages import for_people, sent


@for_people
@require_safe
def dashboard(request: ActorRequest) -> HttpResponse:
    newest = Build.objects.filter(algorithm=OuterRef("pk")).order_by("-created_at")
    mine = (
        Algorithm.objects.filter(owner__in=request.actor.owner_ids)
        .select_related("owner", "environment")
        .prefetch_related(Prefetch("versions", Version.objects.newest_first()))
        .annotate(
            build_state=Subquery(newest.values("state")[:1]),
            build_id=Subquery(newest.values("pk")[:1]),
        )
        .order_by("-updated_at")
    )
    return render(request, "algorithms/dashboard.html", {"algorithms": mine})


@for_people
@require_http_methods(["GET", "POST"])
def new(request: ActorRequest) -> HttpResponse:
    form = NewAlgorithmForm(sent(request), actor=request.actor)
    if form.is_valid():
        owner, details = form.cleaned_data["owner"], form.details()
        made = carried_out(form, lambda: authoring.create(owner, by=request.actor, **details))
        if made is not None:
            messages.success(request, f"{made} is ready: it works as it is. Change it, then build.")
            return redirect("algorithms:editor", made.owner.name, made.name)
    return render(
        request, "algorithms/new.html", {"form": form}, status=400 if form.errors else 200
    )
