"""Algorithmia's versions: list, look at one, publish the newest build."""

from __future__ import annotations

import re
from typing import Final

from django.db.models import F, Q, QuerySet
from rest_framework.response import Response

from algorithms import publishing
from algorithms.models import Algorithm, Build, Version
from algorithms.permissions import may_see_builds
from marketplace.accounts.actors import Actor
from marketplace.api import paging
from marketplace.api.rest import APIRequest, json_object
from marketplace.compat import algorithm_bodies, algorithm_json
from marketplace.compat.finding import AlgorithmView
from marketplace.lib.errors import BadInput, NotFound

NO_SUCH_VERSION: Final = 1001
_NUMBER: Final = re.compile(r"\d{1,9}\.\d{1,9}\.\d{1,9}\Z")


class VersionsView(AlgorithmView):
    def get(self, request: APIRequest, **_: object) -> Response:
        """Successful builds, newest first; strangers see those published for everyone."""
        algorithm = self.algorithm
        rows = _known(algorithm, request.actor)
        published = _flag(request, "published")
        if published is not None:
            rows = rows.filter(version__isnull=not published)
        callable_by_all = _flag(request, "callable")
        if callable_by_all is not None:
            public = Q(version__in=_public(algorithm))
            rows = rows.filter(public) if callable_by_all else rows.exclude(public)
        return Response(
            paging.answer(
                request,
                rows,
                lambda build: algorithm_json.of_build(algorithm, build),
                order=("-created_at", "-pk"),
            )
        )

    def post(self, request: APIRequest, **_: object) -> Response:
        """Publish the newest successful build that is not published yet."""
        algorithm = self.algorithm
        body = json_object(request, may_be_empty=True)
        changes = algorithm_bodies.changes(body)
        settings = algorithm_bodies.part_of(body, "settings")
        callability = settings.get("algorithm_callability")
        plan = publishing.planned(algorithm, by=request.actor, callability=callability, **changes)
        algorithm_bodies.check_commit(body, plan)
        notes = algorithm_bodies.part_of(body, "version_info").get("release_notes") or ""
        version = publishing.publish(
            algorithm,
            by=request.actor,
            part=algorithm_bodies.part(body, plan),
            callability=callability,
            release_notes=str(notes),
            **changes,
        )
        return Response(algorithm_json.of_version(version.algorithm, version))


class VersionView(AlgorithmView):
    def get(self, request: APIRequest, version: str, **_: object) -> Response:
        """One version by its commit, or (our addition) by its number."""
        algorithm = self.algorithm
        rows = _known(algorithm, request.actor)
        if _NUMBER.match(version):
            major, minor, revision = map(int, version.split("."))
            named = rows.filter(
                version__major=major, version__minor=minor, version__revision=revision
            )
        else:
            named = rows.filter(commit=version.lower())
        published_first = F("version__created_at").desc(nulls_last=True)
        build = named.order_by(published_first, "-created_at").first()
        if build is None:
            raise NotFound(
                f"algorithm algo://{algorithm}/{version[:60]} not found", wire_code=NO_SUCH_VERSION
            )
        return Response(algorithm_json.of_build(algorithm, build))


def _known(algorithm: Algorithm, actor: Actor) -> QuerySet[Build]:
    builds = algorithm.builds.succeeded().select_related("version__build", "environment")
    if may_see_builds(actor, algorithm):
        return builds
    return builds.filter(version__in=_public(algorithm))


def _public(algorithm: Algorithm) -> QuerySet[Version]:
    """Those that strangers may know of: not one that waits for its organization, or was refused."""
    return algorithm.versions.ever_public().order_by()


def _flag(request: APIRequest, name: str) -> bool | None:
    text = request.query_params.get(name, "").lower()
    if text in ("", "none"):
        return None
    if text not in ("true", "false"):
        raise BadInput(f"{name} is true or false, not {text[:20]!r}.")
    return text == "true"
