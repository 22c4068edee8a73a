"""Projects, their groups and their services: made, changed and removed by their owner's people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from algorithms.models import Algorithm, Version
from algorithms.permissions import may_edit
from marketplace.accounts import audit
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib.errors import BadInput, Conflict, NotFound
from projects import setup_options
from projects.models import NAME_LENGTH, Group, Launch, Project, Service
from projects.permissions import (
    may_arrange,
    may_begin_project_for,
    may_know,
    may_see_project,
    may_show_to_everyone,
)

NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?\Z")
GROUP_OF_NEW_PROJECTS: Final = "main"
PORTS: Final = range(9100, 10_000)
"""From which ports are assigned; any other that is free may be chosen."""

_TAKEN_INSIDE: Final = frozenset({9000, 9001})
"""Where the platform itself listens in a sandbox."""

_LOWEST, _HIGHEST = 1024, 65_535
_MOST_PROJECTS: Final = 200
_MOST_SERVICES: Final = 200
_TAGLINE_LENGTH: Final = 200
_DESCRIPTION_LENGTH: Final = 20_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a service shall be; None leaves as it is what is there already."""

    name: str | None = None
    group: str | None = None
    algorithm: Algorithm | None = None
    version: Version | None = None
    is_newest: bool = False
    """That it is the newest code which goes online, and no version."""

    port: int | None = None
    options: Mapping[str, Any] | None = field(default=None)


def find(owner: str, name: str, *, by: Actor) -> Project:
    """The project at a place; NotFound to those who may not see it."""
    rows = Project.objects.select_related("owner__organization")
    project = rows.filter(owner__name__iexact=owner, name__iexact=name).first()
    if project is None or not may_see_project(by, project):
        raise NotFound(_("There is no project %(path)s.") % {"path": f"{owner}/{name}"[:100]})
    return project


def service_of(project: Project, name: str, *, by: Actor) -> Service:
    """The service of that name; NotFound to those who may not know of it."""
    rows = project.services.select_related(
        "owner", "project__owner", "group", "algorithm__owner", "algorithm__environment", "version"
    )
    service = rows.filter(name__iexact=name).first()
    if service is None or not may_know(by, service):
        raise NotFound(
            _("%(project)s has no service %(name)s.") % {"project": project, "name": name[:60]}
        )
    return service


@transaction.atomic
def create(
    owner: Owner, *, by: Actor, name: str, tagline: str = "", description: str = ""
) -> Project:
    """Begin a project, with a first group."""
    by.require(may_begin_project_for, owner)
    checked_name(name)
    _check_texts(tagline, description)
    if owner.projects.count() >= _MOST_PROJECTS:
        raise Conflict(
            _("%(owner)s has %(most)s projects, and that is the limit.")
            % {"owner": owner, "most": _MOST_PROJECTS}
        )
    if owner.projects.filter(name__iexact=name).exists():
        raise Conflict(
            _("%(owner)s already has a project %(name)s.") % {"owner": owner, "name": name}
        )
    project = Project.objects.create(
        owner=owner, name=name, tagline=tagline.strip(), description=description
    )
    project.groups.create(name=GROUP_OF_NEW_PROJECTS)
    audit.record(by, "began a project", project)
    return project


def change(
    project: Project, *, by: Actor, tagline: str, description: str, is_public: bool
) -> Project:
    by.require(may_arrange, project)
    _check_texts(tagline, description)
    if is_public and not project.is_public:
        by.require(may_show_to_everyone, project)
    project.tagline, project.description = tagline.strip(), description
    project.is_public = is_public
    project.save(update_fields=["tagline", "description", "is_public"])
    audit.record(by, "changed a project", project, is_public=str(is_public))
    return project


@transaction.atomic
def remove(project: Project, *, by: Actor) -> None:
    """Remove it with its services; the algorithms stay."""
    by.require(may_arrange, project)
    _check_offline(project.services.all())
    audit.record(by, "removed a project", project)
    project.delete()


def add_group(project: Project, *, by: Actor, name: str) -> Group:
    by.require(may_arrange, project)
    return _group(project, name)


def remove_group(project: Project, *, by: Actor, name: str) -> None:
    """Remove a group that has no services any more."""
    by.require(may_arrange, project)
    group = project.groups.filter(name__iexact=name).first()
    if group is None:
        raise NotFound(_("%(project)s has no such group.") % {"project": project})
    if group.services.exists():
        raise Conflict(
            _("%(name)s still has services: move or remove them first.") % {"name": group}
        )
    if project.groups.count() == 1:
        raise Conflict(_("A project keeps one group at least."))
    group.delete()


@transaction.atomic
def add_service(project: Project, *, by: Actor, wanted: Wanted) -> Service:
    """Register a service: an algorithm of the same owner under a name of its own."""
    by.require(may_arrange, project)
    if wanted.algorithm is None:
        raise BadInput(_("Say which algorithm the service runs."))
    _check_algorithm(project, wanted.algorithm, by)
    if project.services.count() >= _MOST_SERVICES:
        raise Conflict(
            _("%(project)s has %(most)s services, and that is the limit.")
            % {"project": project, "most": _MOST_SERVICES}
        )
    service = Service(
        owner=project.owner,
        project=project,
        group=_group(project, wanted.group) if wanted.group else project.groups.all()[0],
        algorithm=wanted.algorithm,
    )
    _set(service, wanted, by)
    return _saved(service)


@transaction.atomic
def change_service(service: Service, *, by: Actor, wanted: Wanted) -> Service:
    """Change what the next launch is made of; what is online stays as it is until then."""
    by.require(may_arrange, service.project)
    if wanted.algorithm is not None and wanted.algorithm != service.algorithm:
        raise BadInput(_("A service keeps its algorithm; register another one for another."))
    if wanted.group:
        service.group = _group(service.project, wanted.group)
    if wanted.name and wanted.name != service.name:
        _check_offline(Service.objects.filter(pk=service.pk))
    _set(service, wanted, by)
    return _saved(service)


@transaction.atomic
def remove_service(service: Service, *, by: Actor) -> None:
    by.require(may_arrange, service.project)
    _check_offline(Service.objects.filter(pk=service.pk))
    audit.record(by, "removed a service", service)
    service.delete()


def checked_name(name: str) -> str:
    """The name, if it is one that a project or a service can have."""
    if len(name) > NAME_LENGTH or not NAME.match(name):
        raise BadInput(
            _(
                "The name %(name)s cannot be used: letters, digits, hyphens and underscores, no "
                "spaces, a letter or digit at both ends, %(most)s characters at most."
            )
            % {"name": repr(name[:60]), "most": NAME_LENGTH}
        )
    return name


def _set(service: Service, wanted: Wanted, by: Actor) -> None:
    if wanted.name is not None:
        service.name = checked_name(wanted.name)
    if wanted.version is not None:
        if wanted.version.algorithm_id != service.algorithm_id:
            raise BadInput(_("That version is of another algorithm."))
        service.version = wanted.version
    elif wanted.is_newest:
        service.version = None
    if wanted.port is not None:
        service.port = _checked_port(wanted.port, service)
    elif service.port is None:
        service.port = _free_port(service.owner)
    if wanted.options is not None:
        known = setup_options.schema_of(service)
        service.options = setup_options.checked(wanted.options, known, by=by)


def _saved(service: Service) -> Service:
    taken = service.project.services.filter(name__iexact=service.name).exclude(pk=service.pk)
    if not service.name:
        raise BadInput(_("A service needs a name."))
    if taken.exists():
        raise Conflict(
            _("%(project)s already has a service %(name)s.")
            % {"project": service.project, "name": service.name}
        )
    try:
        with transaction.atomic():
            service.save()
    except IntegrityError:
        raise Conflict(_("Somebody took that name or port a moment ago; choose another.")) from None
    return service


def _check_algorithm(project: Project, algorithm: Algorithm, by: Actor) -> None:
    by.require(may_edit, algorithm)
    if algorithm.owner_id != project.owner_id:
        raise BadInput(
            _("%(algorithm)s belongs to somebody else than %(project)s does.")
            % {"algorithm": algorithm, "project": project}
        )


def _check_texts(tagline: str, description: str) -> None:
    if len(tagline) > _TAGLINE_LENGTH or "\n" in tagline.strip() or "\0" in tagline:
        raise BadInput(
            _("The tagline is one line of %(most)s characters at most.") % {"most": _TAGLINE_LENGTH}
        )
    if len(description) > _DESCRIPTION_LENGTH or "\0" in description:
        raise BadInput(
            _("The description has %(most)s characters at most.") % {"most": _DESCRIPTION_LENGTH}
        )


def _check_offline(services: Any) -> None:  # noqa: ANN401 - rows of services
    live = Launch.objects.live().filter(service__in=services).select_related("service__project")
    one = live.select_related("service__project__owner").first()
    if one is not None:
        raise Conflict(
            _("%(service)s is not offline: take it offline first.") % {"service": one.service}
        )


def _group(project: Project, name: str) -> Group:
    """The group of that name, made if there is none."""
    plain = " ".join(name.split())
    if not plain or len(plain) > NAME_LENGTH or not plain.isprintable():
        raise BadInput(
            _("The name of a group has 1 to %(most)s characters.") % {"most": NAME_LENGTH}
        )
    found = project.groups.filter(name__iexact=plain).first()
    return found or project.groups.create(name=plain)


def _checked_port(port: int, service: Service) -> int:
    if not _LOWEST <= port <= _HIGHEST or port in _TAKEN_INSIDE:
        raise BadInput(
            _(
                "Port %(port)s cannot be used: choose one from %(lowest)s to %(highest)s, but "
                "not 9000 or 9001, where the platform listens inside the sandbox."
            )
            % {"port": port, "lowest": _LOWEST, "highest": _HIGHEST}
        )
    other = service.owner.services.filter(port=port).exclude(pk=service.pk)
    taken = other.select_related("project__owner").first()
    if taken is not None:
        raise Conflict(
            _("Port %(port)s belongs to %(service)s; leave it empty to be given a free one.")
            % {"port": port, "service": taken}
        )
    return port


def _free_port(owner: Owner) -> int:
    taken = set(owner.services.values_list("port", flat=True))
    free = next((port for port in PORTS if port not in taken), None)
    if free is None:
        raise Conflict(_("No port is free any more; remove a service first."))
    return free
