"""/api/projects: an owner's projects, their services, and how these go online and offline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from algorithms import resolving
from algorithms.models import Algorithm, Version
from marketplace.accounts.models import Owner
from marketplace.api import paging
from marketplace.api.rest import ActorAPIView, APIRequest, json_object
from marketplace.lib.errors import BadInput, NotFound
from marketplace.lib.semver import SemVer
from projects import arranging, launching, shown
from projects.arranging import Wanted
from projects.launch_logs import LOG
from projects.models import Launch, Project, Service
from projects.permissions import may_be_ours, may_read_log

_TEXTS = ("tagline", "description")


class ProjectsView(ActorAPIView):
    def get(self, request: APIRequest) -> Response:
        rows = Project.objects.visible_to(request.actor).select_related("owner")
        owner = request.query_params.get("owner", "")
        rows = rows.filter(owner__name__iexact=owner) if owner else rows
        rows = rows.prefetch_related("groups")
        return Response(
            paging.answer(request, rows, shown.project_json, order=("created_at", "pk"))
        )

    def post(self, request: APIRequest) -> Response:
        """Begin a project: of one's own, or of the owner named."""
        body = json_object(request, required=("name",))
        _know(body, ("owner", "name", *_TEXTS))
        texts = {name: _text(body, name) for name in ("name", *_TEXTS)}
        owner = _owner(request, _text(body, "owner"))
        project = arranging.create(owner, by=request.actor, **texts)
        return Response(shown.project_json(project), status=201)


class OneView(ActorAPIView):
    """A view below one project."""

    project: Project

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)
        actor = request.actor  # type: ignore[attr-defined]
        self.project = arranging.find(self.kwargs["owner"], self.kwargs["project"], by=actor)


class ProjectView(OneView):
    def get(self, _request: APIRequest, **_: object) -> Response:
        return Response(shown.project_json(self.project))

    def patch(self, request: APIRequest, **_: object) -> Response:
        """Change its texts and who sees it; what is left out stays."""
        body = json_object(request)
        _know(body, (*_TEXTS, "is_public"))
        is_public = body.get("is_public", self.project.is_public)
        if not isinstance(is_public, bool):
            raise BadInput("is_public is true or false.")
        project = arranging.change(
            self.project,
            by=request.actor,
            tagline=_text(body, "tagline", self.project.tagline),
            description=_text(body, "description", self.project.description),
            is_public=is_public,
        )
        return Response(shown.project_json(project))

    def delete(self, request: APIRequest, **_: object) -> Response:
        """Remove it with its services, which must be offline; the algorithms stay."""
        arranging.remove(self.project, by=request.actor)
        return Response(status=204)


class ServicesView(OneView):
    def get(self, request: APIRequest, **_: object) -> Response:
        rows = self.project.services.select_related(
            "group", "project__owner", "algorithm__owner", "version"
        )
        if not may_be_ours(request.actor, self.project):
            rows = rows.filter(
                version__in=Version.objects.ever_public(),
                algorithm__quarantined_at__isnull=True,
            )
        rows = rows.prefetch_related(shown.LATEST)
        answer = paging.answer(
            request, rows, lambda one: _told(request, one), order=("created_at", "pk")
        )
        return Response(answer)

    def post(self, request: APIRequest, **_: object) -> Response:
        """Register a service."""
        body = json_object(request, required=("name", "algorithm"))
        path = _text(body, "algorithm")
        owner, _slash, name = path.partition("/")
        algorithm = resolving.find(owner, name or "-", by=request.actor)
        wanted = _wanted(body, algorithm)
        service = arranging.add_service(self.project, by=request.actor, wanted=wanted)
        return Response(_told(request, service), status=201)


class ServiceView(OneView):
    def get(self, request: APIRequest, service: str, **_: object) -> Response:
        return Response(
            _told(request, arranging.service_of(self.project, service, by=request.actor))
        )

    def patch(self, request: APIRequest, service: str, **_: object) -> Response:
        """Change what its next launch is made of; what is left out stays."""
        found = arranging.service_of(self.project, service, by=request.actor)
        body = json_object(request)
        wanted = _wanted(body, found.algorithm)
        changed = arranging.change_service(found, by=request.actor, wanted=wanted)
        return Response(_told(request, changed))

    def delete(self, request: APIRequest, service: str, **_: object) -> Response:
        found = arranging.service_of(self.project, service, by=request.actor)
        arranging.remove_service(found, by=request.actor)
        return Response(status=204)


class OnlineView(OneView):
    """Whether a service is online: what POST begins and DELETE ends."""

    def post(self, request: APIRequest, service: str, **_: object) -> Response:
        found = arranging.service_of(self.project, service, by=request.actor)
        launching.go_online(found, by=request.actor)
        return Response(_told(request, found), status=202)

    def delete(self, request: APIRequest, service: str, **_: object) -> Response:
        found = arranging.service_of(self.project, service, by=request.actor)
        launching.take_offline(found, by=request.actor)
        return Response(_told(request, found))


class LogView(OneView):
    def get(self, request: APIRequest, service: str, **_: object) -> HttpResponse:
        """A piece of the latest launch's log as plain text, from the offset `after`."""
        found = arranging.service_of(self.project, service, by=request.actor)
        request.actor.require(may_read_log, found)
        launch = launching.present(found)
        if launch is None:
            raise NotFound(f"{found} has never been online.")
        after = request.query_params.get("after", "0")
        if not (after.isascii() and after.isdigit() and len(after) < 18):
            raise BadInput("after is the number of characters you already have.")
        text, offset = LOG.read(launch.pk, after=int(after))
        answer = HttpResponse(text, content_type="text/plain; charset=utf-8")
        answer["X-Log-Offset"] = str(offset)
        answer["X-Service-State"] = launch.state
        return answer


def _told(request: APIRequest, service: Service) -> dict[str, object]:
    is_ours = may_read_log(request.actor, service)
    known: list[Launch] | None = getattr(service, "last_launches", None)
    launch = launching.present(service) if known is None else next(iter(known), None)
    return shown.service_json(service, launch, is_ours=is_ours)


def _wanted(body: Mapping[str, Any], algorithm: Algorithm) -> Wanted:
    _know(body, ("name", "group", "algorithm", "version", "port", "options"))
    port, options = body.get("port"), body.get("options")
    if port is not None and (isinstance(port, bool) or not isinstance(port, int)):
        raise BadInput("port is a whole number.")
    if options is not None and not isinstance(options, dict):
        raise BadInput("options is an object of names and values.")
    version = body.get("version")
    return Wanted(
        name=_text(body, "name") or None,
        group=_text(body, "group") or None,
        algorithm=algorithm,
        version=None if version is None else _version(algorithm, version),
        is_newest="version" in body and version is None,
        port=port,
        options=options,
    )


def _version(algorithm: Algorithm, text: object) -> Version:
    if not isinstance(text, str):
        raise BadInput("version is 1.2.3, or null for the newest code.")
    number = SemVer.parse(text)
    rows = algorithm.versions.filter(
        major=number.major, minor=number.minor, revision=number.revision
    )
    found = rows.select_related("build__environment").first()
    if found is None:
        raise NotFound(f"{algorithm} has no version {number}.")
    return found


def _owner(request: APIRequest, name: str) -> Owner:
    rows = Owner.objects.select_related("organization")
    if not name:
        return rows.get(pk=request.actor.owner_id) if request.actor.owner_id else Owner(name="you")
    found = rows.filter(name__iexact=name).first()
    if found is None:
        raise NotFound(f"There is no owner {name[:30]!r}.")
    return found


def _text(body: Mapping[str, Any], name: str, default: str = "") -> str:
    value = body.get(name, default)
    if not isinstance(value, str):
        raise BadInput(f"{name} is a text.")
    return value


def _know(body: Mapping[str, Any], names: tuple[str, ...]) -> None:
    unknown = next((name for name in body if name not in names), None)
    if unknown is not None:
        raise BadInput(f"{unknown[:60]!r} is not known here; there are {', '.join(names)}.")
