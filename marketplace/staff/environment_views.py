"""Environments for staff: which there are, who stands on them, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from algorithms import environments
from marketplace.accounts.forms import carried_out
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.pages import for_people, sent
from marketplace.accounts.permissions import may_administer
from marketplace.lib.errors import MarketplaceError
from marketplace.lib.money import format_credits
from marketplace.staff import rates
from marketplace.staff.forms import (
    EnvironmentNoticeForm,
    EnvironmentUseForm,
    EnvironmentWordsForm,
    NewEnvironmentForm,
)
from runners.models import Environment

_STATES: Final = frozenset(Environment.State.values)
_DONE: Final = {
    "words": gettext_lazy("Its name and description are kept."),
    "notice": gettext_lazy("Announced: its authors are told once."),
    "use": gettext_lazy("Calls that begin from now on cost and may take this."),
}


@for_people
@require_safe
def all_of_them(request: ActorRequest) -> HttpResponse:
    request.actor.require(may_administer, "environments")
    context = {"uses": environments.uses(), "tab": "environments"}
    return render(request, "staff/environments.html", context)


@for_people
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: ActorRequest) -> HttpResponse:
    request.actor.require(may_administer, "environments")
    form = NewEnvironmentForm(sent(request))
    made = None
    if form.is_valid():
        said = form.declaration()
        made = carried_out(form, lambda: environments.add(said, by=request.actor))
    if made is not None:
        messages.success(request, _("Added. A runner that can have it finds it within a minute."))
        return redirect("staff:environment", made.slug)
    context = {"form": form, "tab": "environments"}
    status = 400 if form.errors else 200
    return render(request, "staff/new_environment.html", context, status=status)


@for_people
@require_http_methods(["GET", "HEAD", "POST"])
def one(request: ActorRequest, slug: str) -> HttpResponse:
    """One environment; each of its forms says by `part` which it is."""
    request.actor.require(may_administer, "environments")
    rows = Environment.objects.select_related("successor")
    environment = get_object_or_404(rows, slug=slug)
    part = request.POST.get("part", "")
    if part in _STATES or part == "delete":
        return _moved(request, environment, part)
    made = _forms(request, environment, part)
    form = made.get(part)
    done = None
    if form is not None and form.is_valid():
        done = carried_out(form, _act(request, environment, part, form))
    if done is not None:
        messages.success(request, str(_DONE[part]))
        return redirect("staff:environment", environment.slug)
    context = {
        "environment": environment,
        "use": environments.use_of(environment),
        "places": environment.places.order_by("place"),
        "forms": made,
        "tab": "environments",
    }
    status = 400 if form is not None else 200
    return render(request, "staff/environment.html", context, status=status)


def _forms(request: ActorRequest, environment: Environment, part: str) -> dict[str, forms.Form]:
    """The three forms of the page; the one that was sent holds what was typed."""
    words = {"display_name": environment.display_name, "description": environment.description}
    rate = "" if environment.rate is None else format_credits(environment.rate)
    use = EnvironmentUseForm(
        request.POST if part == "use" else None,
        initial={"rate": rate, "memory_mb": environment.memory_mb},
    )
    usual = settings.GPU_RATE if environment.is_gpu else settings.CPU_RATE
    use.fields["rate"].widget.attrs["placeholder"] = format_credits(usual)
    use.fields["memory_mb"].widget.attrs["placeholder"] = settings.SANDBOX_MEMORY_MB
    return {
        "words": EnvironmentWordsForm(request.POST if part == "words" else None, initial=words),
        "notice": EnvironmentNoticeForm(
            request.POST if part == "notice" else None, environment=environment
        ),
        "use": use,
    }


def _act(
    request: ActorRequest, environment: Environment, part: str, form: forms.Form
) -> Callable[[], Environment]:
    typed, by = form.cleaned_data, request.actor

    def set_use() -> Environment:
        if typed["rate"] != environment.rate:
            rates.set_rate(environment, by=by, rate=typed["rate"])
        if typed["memory_mb"] != environment.memory_mb:
            environments.set_memory(environment, by=by, memory_mb=typed["memory_mb"])
        return environment

    if part == "words":
        return lambda: environments.describe(environment, by=by, **typed)
    if part == "notice":
        return lambda: environments.announce(environment, by=by, **typed)
    return set_use


def _moved(request: ActorRequest, environment: Environment, part: str) -> HttpResponse:
    """Offer, deprecate, retire or delete it, and say why not where that cannot be."""
    try:
        if part == "delete":
            environments.remove(environment, by=request.actor)
            messages.success(request, _("It is gone."))
            return redirect("staff:environments")
        environments.move(environment, by=request.actor, state=part)
        is_offered = part == Environment.State.OFFERED
        said = _("Saved.") if is_offered else _("Kept; authors who stand on it are told.")
        messages.success(request, said)
    except MarketplaceError as error:
        messages.error(request, error.message)
    return redirect("staff:environment", environment.slug)
