"""The page of a gate: what it demands, and how each build did."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from algorithms.gate_form import GateForm
from algorithms.gates import setting, verdict
from algorithms.models import Algorithm
from algorithms.pages import head_context, of_algorithm
from algorithms.permissions import may_edit
from marketplace.accounts.forms import carried_out
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.pages import sent


@of_algorithm
@require_http_methods(["GET", "POST"])
def gate(request: ActorRequest, algorithm: Algorithm) -> HttpResponse:
    request.actor.require(may_edit, algorithm)
    present = setting.of(algorithm, by=request.actor)
    form = GateForm(sent(request), gate=present)
    if form.is_valid():
        wanted = form.wanted()
        kept = carried_out(form, lambda: setting.put(algorithm, wanted, by=request.actor))
        if kept is not None:
            messages.success(request, _("The gate is kept: the next version has to pass it."))
            return redirect("algorithms:gate", algorithm.owner.name, algorithm.name)
    evaluations = setting.evaluations(algorithm, by=request.actor)
    context = {
        **head_context(algorithm, request.actor),
        "form": form,
        "gate": present,
        "evaluations": [
            {
                "one": one,
                "problems": list(verdict.problems(one)),
                "report": verdict.report(one),
            }
            for one in evaluations
        ],
    }
    return render(request, "algorithms/gate.html", context, status=400 if form.errors else 200)


@of_algorithm
@require_POST
def remove(request: ActorRequest, algorithm: Algorithm) -> HttpResponse:
    setting.remove(algorithm, by=request.actor)
    messages.success(request, _("The gate is gone: every build can be published."))
    return redirect("algorithms:gate", algorithm.owner.name, algorithm.name)
