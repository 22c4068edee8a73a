"""Algorithmia's builds: compile and wait, list, look at one, read its log."""

from __future__ import annotations

import time
from typing import Final
from uuid import UUID

from django.conf import settings
from rest_framework.response import Response

from algorithms import build_logs, builds
from algorithms.models import Algorithm, Build
from algorithms.permissions import may_see_builds
from marketplace.accounts.actors import Actor
from marketplace.api import paging
from marketplace.api.rest import APIRequest, json_object
from marketplace.compat import algorithm_json
from marketplace.compat.finding import AlgorithmView
from marketplace.lib import database
from marketplace.lib.errors import BadInput, NotFound

LOOK_EVERY: Final = 0.1
MISSING: Final = 1004


class CompileView(AlgorithmView):
    def post(self, request: APIRequest, **_: object) -> Response:
        """Build the newest commit, or the one named, and answer when the build has ended."""
        algorithm = self.algorithm
        body = json_object(request, may_be_empty=True)
        commit = body.get("commitSha") or None
        if commit is not None and not isinstance(commit, str):
            raise BadInput("commitSha is the hash of a commit.")
        build = _wait_for(builds.start_or_join(algorithm, by=request.actor, commit=commit))
        answer = algorithm_json.of_build(algorithm, build)
        answer["compilation"] = {
            "successful": build.state == Build.State.SUCCEEDED,
            "output": build_logs.whole(build.pk),
        }
        return Response(answer)


class BuildsView(AlgorithmView):
    def get(self, request: APIRequest, **_: object) -> Response:
        algorithm = self.algorithm
        request.actor.require(may_see_builds, algorithm)
        rows = algorithm.builds.select_related("version")
        order = ("-created_at", "-pk")
        return Response(paging.answer(request, rows, algorithm_json.build_object, order=order))


class BuildView(AlgorithmView):
    def get(self, request: APIRequest, build_id: str, **_: object) -> Response:
        build = _build_of(self.algorithm, build_id, request.actor)
        return Response(algorithm_json.build_object(build))


class BuildLogView(AlgorithmView):
    def get(self, request: APIRequest, build_id: str, **_: object) -> Response:
        build = _build_of(self.algorithm, build_id, request.actor)
        if not build.has_ended:
            raise NotFound(
                "This build has not ended yet; its log can be read here when it has.",
                wire_code=MISSING,
            )
        return Response({"logs": build_logs.whole(build.pk)})


def _wait_for(build: Build) -> Build:
    """The build when it has ended, or as it is when no build may take longer."""
    deadline = time.monotonic() + settings.BUILD_TIMEOUT_SECONDS
    rows = Build.objects.select_related("version", "environment")
    while True:
        build = rows.get(pk=build.pk)
        if build.has_ended or time.monotonic() > deadline:
            return build
        database.let_go()
        time.sleep(LOOK_EVERY)


def _build_of(algorithm: Algorithm, build_id: str, actor: Actor) -> Build:
    actor.require(may_see_builds, algorithm)
    try:
        found = algorithm.builds.select_related("version").filter(pk=UUID(build_id)).first()
    except ValueError:
        found = None
    if found is None:
        raise NotFound(f"{algorithm} has no build {build_id[:60]}.", wire_code=MISSING)
    return found
