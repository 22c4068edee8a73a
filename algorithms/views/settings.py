"""An algorithm's settings, and its end."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from algorithms import authoring
from algorithms.forms import SettingsForm
from algorithms.models import Algorithm
from algorithms.pages import head_context, of_algorithm
from algorithms.permissions import may_delete, may_edit
from marketplace.accounts.forms import carried_out
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.pages import sent
from marketplace.lib.errors import BadInput


@of_algorithm
@require_http_methods(["GET", "POST"])
def settings(request: ActorRequest, algorithm: Algorithm) -> HttpResponse:
    request.actor.require(may_edit, algorithm)
    form = SettingsForm(sent(request), algorithm=algorithm)
    if form.is_valid():
        changes = form.cleaned_data
        if carried_out(form, lambda: authoring.update(algorithm, by=request.actor, **changes)):
            messages.success(request, "Saved.")
            return redirect("algorithms:settings", algorithm.owner.name, algorithm.name)
    context = {
        **head_context(algorithm, request.actor),
        "form": form,
        "may_delete": not algorithm.versions.public().exists(),
    }
    status = 400 if form.errors else 200
    return render(request, "algorithms/settings.html", context, status=status)


@of_algorithm
@require_POST
def delete(request: ActorRequest, algorithm: Algorithm) -> HttpResponse:
    """Delete it, if whoever asks has written its name."""
    request.actor.require(may_delete, algorithm)
    if request.POST.get("confirmed_name", "").strip() != algorithm.name:
        raise BadInput(f"To delete {algorithm}, write its name, {algorithm.name}, in the box.")
    authoring.delete(algorithm, by=request.actor)
    messages.success(request, f"{algorithm} is deleted.")
    return redirect("algorithms:dashboard")
