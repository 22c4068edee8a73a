"""/api/algorithms/…/publications: a publish that passes its gate in a task, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from rest_framework.response import Response

from algorithms import publications
from algorithms.api.finding import OneView
from algorithms.permissions import may_see_builds
from marketplace.api import paging
from marketplace.api.rest import APIRequest, json_object
from marketplace.lib.errors import BadInput
from marketplace.lib.semver import Part

_KINDS: Final[Mapping[str, type]] = {
    "part": str,
    "callability": str,
    "release_notes": str,
    "sample_input": str,
    "royalty_microcredits": int,
    "network_access": str,
    "may_call_others": bool,
}


class PublicationsView(OneView):
    def get(self, request: APIRequest, **_: object) -> Response:
        """Those on their way and those that have ended, newest first."""
        request.actor.require(may_see_builds, self.algorithm)
        rows = self.algorithm.publications.select_related("version", "build", "evaluation")
        order = ("-created_at", "-pk")
        return Response(paging.answer(request, rows, publications.as_json, order=order))

    def post(self, request: APIRequest, **_: object) -> Response:
        """Publish the newest build in a task; the answer says where it can be followed."""
        wanted = _wanted(json_object(request, may_be_empty=True))
        row = publications.start(self.algorithm, by=request.actor, **wanted)
        place = f"/api/algorithms/{self.algorithm}/publications/{row.pk}"
        answer = publications.as_json(row)
        return Response(answer, status=202, headers={"Location": place})


class PublicationView(OneView):
    def get(self, request: APIRequest, publication_id: UUID, **_: object) -> Response:
        row = publications.of(self.algorithm, publication_id, by=request.actor)
        return Response(publications.as_json(row))


def _wanted(body: Mapping[str, Any]) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    for name, value in body.items():
        kind = _KINDS.get(name)
        if kind is None:
            raise BadInput(f"A publish has no {name[:60]!r}; it has {', '.join(_KINDS)}.")
        if value is None:
            continue
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise BadInput(f"{name} is of another type.")
        wanted[name] = value
    part = wanted.get("part")
    return wanted | {"part": Part.parse(part) if part else None}
