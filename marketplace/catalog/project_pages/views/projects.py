"""Projects: the list, a project with its services, and what its owner changes of it."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.accounts.forms import carried_out
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.pages import for_people, sent
from marketplace.catalog.project_pages.forms import NewProjectForm, ProjectSettingsForm
from marketplace.lib.errors import BadInput, MarketplaceError
from projects import arranging, shown
from projects.models import Group, Launch, Project, Service
from projects.permissions import may_arrange, may_know

_PER_PAGE = 30


@dataclass(frozen=True)
class Row:
    """A service as lists show it."""

    service: Service
    launch: Launch | None

    @property
    def state(self) -> str:
        return shown.state_of(self.launch)


@for_people
@require_safe
def projects(request: ActorRequest) -> HttpResponse:
    """Those of the person's owners, with how many services of each are online."""
    actor = request.actor
    mine = Project.objects.filter(owner__in=actor.owner_ids | actor.executes_for)
    page = Paginator(
        mine.select_related("owner").prefetch_related("services__algorithm"), _PER_PAGE
    ).get_page(request.GET.get("page"))
    services = [one for project in page for one in project.services.all()]
    latest = shown.latest(services)
    cards = [
        (project, [Row(one, latest.get(one.pk)) for one in project.services.all()])
        for project in page
    ]
    return render(request, "projects/list.html", {"cards": cards, "page": page})


@for_people
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: ActorRequest) -> HttpResponse:
    form = NewProjectForm(sent(request), actor=request.actor)
    if form.is_valid():
        made = carried_out(form, lambda: arranging.create(by=request.actor, **form.cleaned_data))
        if made is not None:
            messages.success(request, _("%(project)s is ready: add a service.") % {"project": made})
            return redirect("projects:project", made.owner.name, made.name)
    status = 400 if form.errors else 200
    return render(request, "projects/new.html", {"form": form}, status=status)


@require_safe
def project(request: ActorRequest, owner: str, project: str) -> HttpResponse:
    found = arranging.find(owner, project, by=request.actor)
    rows = found.services.select_related("algorithm__owner", "version", "group")
    services = [one for one in rows if may_know(request.actor, one)]
    latest = shown.latest(services)
    groups: list[tuple[Group, list[Row]]] = [
        (group, [Row(one, latest.get(one.pk)) for one in services if one.group_id == group.pk])
        for group in found.groups.all()
    ]
    may_change = may_arrange(request.actor, found)
    context = {
        "project": found,
        "groups": [(group, rows) for group, rows in groups if rows or may_change],
        "online": sum(launch.state == Launch.State.ONLINE for launch in latest.values()),
        "count": len(services),
        "may_arrange": may_change,
    }
    return render(request, "projects/project.html", context)


@for_people
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: ActorRequest, owner: str, project: str) -> HttpResponse:
    found = arranging.find(owner, project, by=request.actor)
    request.actor.require(may_arrange, found)
    form = ProjectSettingsForm(sent(request), project=found)
    if form.is_valid():
        changed = carried_out(
            form, lambda: arranging.change(found, by=request.actor, **form.cleaned_data)
        )
        if changed is not None:
            messages.success(request, _("Saved."))
            return redirect("projects:project", found.owner.name, found.name)
    context = {"project": found, "form": form}
    return render(request, "projects/settings.html", context, status=400 if form.errors else 200)


@for_people
@require_POST
def groups(request: ActorRequest, owner: str, project: str) -> HttpResponse:
    """Add a group, or remove one that is empty."""
    found = arranging.find(owner, project, by=request.actor)
    name = request.POST.get("name", "")
    try:
        if request.POST.get("action") == "remove":
            arranging.remove_group(found, by=request.actor, name=name)
        else:
            arranging.add_group(found, by=request.actor, name=name)
    except MarketplaceError as error:
        messages.error(request, error.message)
    return redirect("projects:project", found.owner.name, found.name)


@for_people
@require_POST
def remove(request: ActorRequest, owner: str, project: str) -> HttpResponse:
    """Remove it, if whoever asks has written its name."""
    found = arranging.find(owner, project, by=request.actor)
    request.actor.require(may_arrange, found)
    if request.POST.get("confirmed_name", "").strip() != found.name:
        raise BadInput(
            _("To remove %(project)s, write its name, %(name)s, in the box.")
            % {"project": found, "name": found.name}
        )
    arranging.remove(found, by=request.actor)
    messages.success(request, _("%(project)s is removed.") % {"project": found})
    return redirect("projects:list")
