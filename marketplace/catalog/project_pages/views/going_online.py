"""A service: registered, set up, put online, tried, taken offline."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from algorithms import live_calls
from marketplace.accounts.forms import carried_out
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.pages import for_people, sent
from marketplace.catalog import addresses, trying
from marketplace.catalog.project_pages import page as pages
from marketplace.catalog.project_pages.forms import NewServiceForm, ServiceForm
from marketplace.lib.errors import MarketplaceError
from projects import addressing, arranging, launching, setup_options
from projects.models import Service
from projects.permissions import may_arrange

ENDPOINT = "/v1/web/services/"


@for_people
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: ActorRequest, owner: str, project: str) -> HttpResponse:
    found = arranging.find(owner, project, by=request.actor)
    request.actor.require(may_arrange, found)
    form = NewServiceForm(sent(request), project=found)
    if form.is_valid():
        made = carried_out(
            form, lambda: arranging.add_service(found, by=request.actor, wanted=form.wanted())
        )
        if made is not None:
            messages.success(request, _("%(name)s is registered.") % {"name": made.name})
            return _to(made)
    context = {"project": found, "form": form, "groups": found.groups.all()}
    status = 400 if form.errors else 200
    return render(request, "projects/new_service.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def service(request: ActorRequest, owner: str, project: str, service: str) -> HttpResponse:
    """Its page. A POST is a browser without JavaScript pressing Run."""
    found = _found(request, owner, project, service)
    operation = request.GET.get("command", "")
    page = pages.of_service(found, by=request.actor, operation=operation)
    context: dict[str, object] = {
        "page": page,
        "service": found,
        "project": found.project,
        "launch": page.launch,
        "input": page.sample_input,
        "endpoint": ENDPOINT,
        "site_url": addresses.site_url(request),
        "watch": live_calls.ticket(request.actor.user_id),
        "is_service": True,
    }
    if request.method == "POST":
        given = request.POST.get("input", "")
        target = partial(addressing.resolve, owner, project, service, by=request.actor)
        name = page.chosen.get("name", "")
        tried = trying.run_target(target, given, by=request.actor, operation=name)
        context |= {"input": given, "tried": tried}
    return render(request, "projects/service.html", context)


@for_people
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: ActorRequest, owner: str, project: str, service: str) -> HttpResponse:
    """What its next launch is made of; the options as a form of what its code declares."""
    found = _found(request, owner, project, service)
    request.actor.require(may_arrange, found.project)
    form = ServiceForm(sent(request), service=found)
    if form.is_valid():
        changed = carried_out(
            form, lambda: arranging.change_service(found, by=request.actor, wanted=form.wanted())
        )
        if changed is not None:
            messages.success(request, _("Saved; it holds from its next launch on."))
            return _to(changed)
    schema = setup_options.schema_of(found)
    context = {
        "project": found.project,
        "service": found,
        "form": form,
        "groups": found.project.groups.all(),
        "is_known": schema is not None,
        "schema": setup_options.for_form(schema) if schema else None,
    }
    status = 400 if form.errors else 200
    return render(request, "projects/service_settings.html", context, status=status)


@for_people
@require_POST
def online(request: ActorRequest, owner: str, project: str, service: str) -> HttpResponse:
    found = _found(request, owner, project, service)
    try:
        launching.go_online(found, by=request.actor)
    except MarketplaceError as error:
        messages.error(request, error.message)
    return _to(found)


@for_people
@require_POST
def offline(request: ActorRequest, owner: str, project: str, service: str) -> HttpResponse:
    found = _found(request, owner, project, service)
    try:
        launching.take_offline(found, by=request.actor)
    except MarketplaceError as error:
        messages.error(request, error.message)
    return _to(found)


@for_people
@require_POST
def remove(request: ActorRequest, owner: str, project: str, service: str) -> HttpResponse:
    found = _found(request, owner, project, service)
    try:
        arranging.remove_service(found, by=request.actor)
    except MarketplaceError as error:
        messages.error(request, error.message)
        return _to(found)
    messages.success(request, _("%(service)s is removed.") % {"service": found.name})
    return redirect("projects:project", found.project.owner.name, found.project.name)


def _found(request: ActorRequest, owner: str, project: str, name: str) -> Service:
    project_of = arranging.find(owner, project, by=request.actor)
    return arranging.service_of(project_of, name, by=request.actor)


def _to(service: Service) -> HttpResponse:
    project = service.project
    return redirect("projects:service", project.owner.name, project.name, service.name)
