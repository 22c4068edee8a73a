"""Import an algorithm: the form, and how far it is."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from algorithms import amounts, importing, works
from algorithms.import_form import ImportForm
from algorithms.models import Import
from algorithms.pages import in_json, json_answer, wants_json
from marketplace.accounts.forms import carried_out
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.pages import for_people, sent
from marketplace.accounts.uploads import takes_files


@for_people
@require_http_methods(["GET", "POST"])
@takes_files(lambda: amounts.MAX_TREE_BYTES + 1)
def start(request: ActorRequest) -> HttpResponse:
    data = sent(request)
    files = request.FILES if data is not None else None
    form = ImportForm(data, files, actor=request.actor)
    if form.is_valid():
        owner, wanted = form.cleaned_data["owner"], form.wanted()
        row = carried_out(form, lambda: importing.start(owner, wanted, by=request.actor))
        if row is not None:
            return redirect("algorithms:import", row.pk)
    return render(
        request, "algorithms/import.html", {"form": form}, status=400 if form.errors else 200
    )


@in_json
@for_people
@require_safe
def state(request: ActorRequest, import_id: UUID) -> HttpResponse:
    """How far it is: a page, and the same for its script."""
    row = works.find(Import, import_id, by=request.actor)
    if wants_json(request):
        return json_answer(importing.as_json(row))
    build = row.algorithm.builds.order_by("created_at").first() if row.algorithm else None
    return render(request, "algorithms/importing.html", {"row": row, "build": build})
