"""Algorithmia's management of algorithms: create, look up, change, delete, their source and errors."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.utils import timezone
from rest_framework.response import Response

from algorithms import authoring, gateway, repositories
from algorithms.models import Algorithm, Build, Call, Version
from algorithms.permissions import may_edit, may_see_builds, may_view_source
from data_collections.models import Collection
from data_collections.permissions import may_know
from marketplace.accounts.actors import Actor
from marketplace.api import errors
from marketplace.api.rest import ActorAPIView, APIRequest, body_bytes, json_object
from marketplace.compat import algorithm_bodies, algorithm_json
from marketplace.compat.finding import AlgorithmView, owner_at
from marketplace.lib.errors import BadInput, NotFound

ERRORS_KEPT: Final = 200
ERRORS_FOR: Final = timedelta(days=7)


class OwnerView(ActorAPIView):
    def post(self, request: APIRequest, owner: str) -> Response:
        body = json_object(request)
        algorithm_bodies.check_creation(body)
        made = authoring.create(
            owner_at(owner),
            by=request.actor,
            name=body["name"],
            environment=algorithm_bodies.environment(body),
            message=algorithm_bodies.commit_message(body),
            **algorithm_bodies.changes(body),
        )
        return Response(algorithm_json.of_algorithm(made), status=201)


class SingleView(AlgorithmView):
    def get(self, request: APIRequest, **_: object) -> Response:
        algorithm = self.algorithm
        return Response(newest_object(algorithm, request.actor))

    def put(self, request: APIRequest, **_: object) -> Response:
        """Change settings. The Python client sends its members' names only, as a form: a no-op."""
        algorithm = self.algorithm
        request.actor.require(may_edit, algorithm)
        if _is_form(request):
            return Response(newest_object(algorithm, request.actor))
        body = json_object(request, may_be_empty=True)
        present = algorithm.environment
        authoring.update(
            algorithm,
            by=request.actor,
            environment=algorithm_bodies.environment(body, default=present),
            **algorithm_bodies.changes(body),
        )
        return Response(newest_object(algorithm, request.actor))

    def delete(self, request: APIRequest, **_: object) -> Response:
        authoring.delete(self.algorithm, by=request.actor)
        return Response(status=204)


class LogView(AlgorithmView):
    """Commits, for the author who writes release notes."""

    def get(self, request: APIRequest, **_: object) -> Response:
        algorithm = self.algorithm
        request.actor.require(may_view_source, algorithm)
        commits = repositories.log(
            algorithm.pk,
            since=request.query_params.get("since", ""),
            until=request.query_params.get("until", ""),
        )
        found = [
            {
                "id": commit.id,
                "short_message": commit.summary,
                "message": commit.message,
                "author": commit.author,
            }
            for commit in commits
        ]
        return Response({"commits": found})


class ScmStatusView(AlgorithmView):
    def get(self, request: APIRequest, **_: object) -> Response:
        algorithm = self.algorithm
        request.actor.require(may_edit, algorithm)
        return Response({"scm_connection_status": "active"})


class ErrorsView(AlgorithmView):
    """Calls that failed lately, without their inputs."""

    def get(self, request: APIRequest, **_: object) -> Response:
        algorithm = self.algorithm
        request.actor.require(may_see_builds, algorithm)
        gateway.flush_journal()
        failed = (
            Call.objects.filter(
                algorithm=algorithm,
                result=Call.Result.FAILED,
                started_at__gt=timezone.now() - ERRORS_FOR,
            )
            .select_related("caller", "version")
            .order_by("-started_at")[:ERRORS_KEPT]
        )
        return Response([_error(algorithm, call) for call in failed])


class DefaultCollectionView(AlgorithmView):
    def post(self, request: APIRequest, collection_id: UUID, **_: object) -> Response:
        """Choose what `data://.algo/default` means inside the algorithm."""
        hosted = Collection.objects.hosted().select_related("owner")
        collection = hosted.filter(pk=collection_id).first()
        if collection is None or not may_know(request.actor, collection):
            raise NotFound(f"There is no collection {collection_id}, or you may not know of it.")
        authoring.assign_collection(self.algorithm, collection, by=request.actor)
        return Response(status=204)


class OwnersAlgorithmsView(ActorAPIView):
    def get(self, request: APIRequest, owner: str) -> Response:
        visible = Algorithm.objects.visible_to(request.actor).select_related("owner")
        found = visible.filter(owner=owner_at(owner)).order_by("name")
        return Response(
            [
                {"id": algorithm.pk, "algoname": algorithm.name, "username": algorithm.owner.name}
                for algorithm in found
            ]
        )


def newest_object(algorithm: Algorithm, actor: Actor) -> dict[str, object]:
    """The newest version the actor may know; before the first, what was built last."""
    versions = algorithm.versions.select_related("build__environment").newest_first()
    is_ours = algorithm.owner_id in actor.owner_ids | actor.executes_for
    version: Version | None = (versions if is_ours else versions.public()).first()
    if version is not None:
        return algorithm_json.of_version(algorithm, version)
    builds = algorithm.builds.succeeded().select_related("version", "environment")
    build: Build | None = builds.first() if is_ours else None
    if build is not None:
        return algorithm_json.of_build(algorithm, build)
    return algorithm_json.of_algorithm(algorithm)


def _error(algorithm: Algorithm, call: Call) -> dict[str, object]:
    caller = call.caller.name if call.caller is not None else ""
    return {
        "created_at": int(call.started_at.timestamp() * 1000),
        "request_id": f"req-{call.pk}",
        "username": algorithm.owner.name,
        "algoname": algorithm.name,
        "algoversion": str(call.version.number) if call.version is not None else "",
        "operation": call.operation,
        "input": "",
        "error": call.error_message,
        "error_type": call.error_type,
        "billable_to": caller,
        "worker": call.runner,
    }


def _is_form(request: APIRequest) -> bool:
    body = body_bytes(request).strip()
    if not body or body.startswith(b"{"):
        return False
    if request.content_type.startswith("application/x-www-form-urlencoded"):
        return True
    raise BadInput("The request body is not a JSON object.", wire_code=errors.INVALID_JSON)
