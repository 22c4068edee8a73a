"""/api/algorithms: what is visible, its versions, and its builds with their logs."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from rest_framework.response import Response

from algorithms import build_logs, builds
from algorithms.api.finding import OneView
from algorithms.models import Algorithm, Version
from algorithms.pages import build_json, build_of
from algorithms.permissions import may_see_builds
from algorithms.terms import terms_in_words, terms_of
from marketplace.api import paging
from marketplace.api.rest import ActorAPIView, APIRequest, json_object
from marketplace.lib.errors import BadInput


class AlgorithmsView(ActorAPIView):
    def get(self, request: APIRequest) -> Response:
        visible = Algorithm.objects.visible_to(request.actor).select_related("owner", "environment")
        owner = request.query_params.get("owner", "")
        rows = visible.filter(owner__name__iexact=owner) if owner else visible
        return Response(paging.answer(request, rows, _algorithm, order=("created_at", "pk")))


class AlgorithmView(OneView):
    def get(self, _request: APIRequest, **_: object) -> Response:
        return Response({**_algorithm(self.algorithm), "readme": self.algorithm.readme})


class VersionsView(OneView):
    def get(self, request: APIRequest, **_: object) -> Response:
        rows = self.algorithm.versions.select_related("build")
        if not may_see_builds(request.actor, self.algorithm):
            rows = rows.public()
        order = ("-major", "-minor", "-revision")
        return Response(paging.answer(request, rows, _version, order=order))


class BuildsView(OneView):
    def get(self, request: APIRequest, **_: object) -> Response:
        request.actor.require(may_see_builds, self.algorithm)
        rows = self.algorithm.builds.select_related("version")
        return Response(
            paging.answer(
                request,
                rows,
                lambda build: build_json(self.algorithm, build),
                order=("-created_at", "-pk"),
            )
        )

    def post(self, request: APIRequest, **_: object) -> Response:
        """Start a build of the newest commit, or of the one named."""
        commit = json_object(request, may_be_empty=True).get("commit")
        if commit is not None and not isinstance(commit, str):
            raise BadInput("commit is the hash of a commit.")
        build = builds.start(self.algorithm, by=request.actor, commit=commit)
        return Response(build_json(self.algorithm, build), status=201)


class BuildView(OneView):
    def get(self, request: APIRequest, build_id: UUID, **_: object) -> Response:
        request.actor.require(may_see_builds, self.algorithm)
        return Response(build_json(self.algorithm, build_of(self.algorithm, build_id)))

    def delete(self, request: APIRequest, build_id: UUID, **_: object) -> Response:
        """Cancel a build that waits or runs."""
        build = build_of(self.algorithm, build_id)
        builds.cancel(build, by=request.actor)
        return Response(build_json(self.algorithm, build))


class BuildLogView(OneView):
    def get(self, request: APIRequest, build_id: UUID, **_: object) -> HttpResponse:
        """A piece of a log as plain text, from the offset `after`; the header says where it ends."""
        request.actor.require(may_see_builds, self.algorithm)
        build = build_of(self.algorithm, build_id)
        after = request.query_params.get("after", "0")
        if not (after.isascii() and after.isdigit() and len(after) < 10):
            raise BadInput("after is the number of characters you already have.")
        text, offset = build_logs.read(build.pk, after=int(after))
        answer = HttpResponse(text, content_type="text/plain; charset=utf-8")
        answer["X-Log-Offset"] = str(offset)
        answer["X-Build-State"] = build.state
        return answer


def _algorithm(algorithm: Algorithm) -> dict[str, object]:
    return {
        "id": algorithm.pk,
        "path": str(algorithm),
        "label": algorithm.label,
        "tagline": algorithm.tagline,
        "is_public": algorithm.is_public,
        "environment": algorithm.environment.slug,
        "source_visibility": algorithm.source_visibility,
        "license": algorithm.license,
        "created_at": algorithm.created_at,
        "updated_at": algorithm.updated_at,
    }


def _version(version: Version) -> dict[str, object]:
    return {
        "version": str(version.number),
        "is_public": version.is_public,
        "commit": version.build.commit,
        "royalty_microcredits": version.royalty_microcredits,
        "network_access": version.network_access,
        "may_call_others": version.may_call_others,
        "keeps_insights": version.keeps_insights,
        "terms": terms_in_words(terms_of(version)),
        "release_notes": version.release_notes,
        "sample_input": version.sample_input,
        "sample_output": version.sample_output,
        "created_at": version.created_at,
    }
