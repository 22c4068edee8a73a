"""/api/imports: make an algorithm out of a git repository or an archive, and see how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from rest_framework.response import Response

from algorithms import importing, works
from algorithms.importing import Wanted
from algorithms.models import Algorithm, Import
from marketplace.accounts.models import Owner
from marketplace.api.rest import ActorAPIView, APIRequest, json_object
from marketplace.lib.errors import BadInput, NotFound
from runners.models import Environment

_TEXTS: Final = ("owner", "name", "url", "ref", "environment", "contract")


class ImportsView(ActorAPIView):
    def post(self, request: APIRequest) -> Response:
        """Start to fetch a git repository; the answer says where it can be followed."""
        request.actor.require(works.may_start_work, "an import")
        said = _texts(json_object(request))
        wanted = Wanted(**_common(said), url=said["url"], ref=said["ref"])
        return _started(request, _owner(request, said["owner"]), wanted)


class ArchiveView(ActorAPIView):
    def put(self, request: APIRequest, owner: str, name: str) -> Response:
        """Take a zip archive, the body as it is, for an algorithm of that name."""
        request.actor.require(works.may_start_work, "an import")
        said = _texts({**request.query_params.dict(), "name": name})
        stream: Any = request._request  # noqa: SLF001 - the body as it arrives
        wanted = Wanted(**_common(said), archive=stream, archive_name="archive.zip")
        return _started(request, _owner(request, owner), wanted)


class ImportView(ActorAPIView):
    def get(self, request: APIRequest, import_id: UUID) -> Response:
        return Response(importing.as_json(works.find(Import, import_id, by=request.actor)))


def _started(request: APIRequest, owner: Owner, wanted: Wanted) -> Response:
    row = importing.start(owner, wanted, by=request.actor)
    place = {"Location": f"/api/imports/{row.pk}"}
    return Response(importing.as_json(row), status=202, headers=place)


def _common(said: Mapping[str, str]) -> dict[str, Any]:
    contract = said["contract"] or Algorithm.Contract.DETECTED.value
    environment = _environment(said["environment"])
    return {"name": said["name"], "environment": environment, "contract": contract}


def _texts(given: Mapping[str, Any]) -> dict[str, str]:
    said = {}
    for name in _TEXTS:
        value = given.get(name) or ""
        if not isinstance(value, str) or "\0" in value:
            raise BadInput(f"{name} is a text.")
        said[name] = value.strip()
    return said


def _owner(request: APIRequest, name: str) -> Owner:
    mine = Owner.objects.filter(pk__in=request.actor.owner_ids)
    own = mine.filter(pk=request.actor.owner_id or "")
    owner = (mine.filter(name__iexact=name) if name else own).first()
    if owner is None:
        raise NotFound(f"You act for no owner {name[:60]!r}.")
    return owner


def _environment(slug: str) -> Environment:
    offered = Environment.objects.offered()
    found = offered.filter(slug=slug).first() if slug else offered.first()
    if found is None:
        raise BadInput(
            f"There is no environment {slug[:60]!r}; name one as python311, or leave it out."
        )
    return found
