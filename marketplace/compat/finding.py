"""Finds what a /v1 path names: an algorithm by its place or its id, an owner by name or id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from rest_framework.request import Request

from algorithms.models import Algorithm
from algorithms.permissions import may_view
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.api.errors import no_such_algorithm
from marketplace.api.rest import ActorAPIView
from marketplace.lib.errors import NotFound

NO_SUCH_USER: Final = 3000


class AlgorithmView(ActorAPIView):
    """A view below `/v1/algorithms/<owner>/<name>` or `/v1/algorithms/<uuid>`: has `algorithm`."""

    algorithm: Algorithm

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)
        actor = request.actor  # type: ignore[attr-defined]
        self.algorithm = algorithm_at(self.kwargs, by=actor)


def algorithm_at(place: Mapping[str, Any], *, by: Actor) -> Algorithm:
    """The algorithm a path names, if whoever asks may know of it."""
    rows = Algorithm.objects.select_related("owner", "environment")
    if "algorithm_id" in place:
        algorithm = rows.filter(pk=place["algorithm_id"]).first()
    else:
        algorithm = rows.at(place["owner"], place["name"]).first()
    if algorithm is None or not may_view(by, algorithm):
        raise no_such_algorithm()
    return algorithm


def owner_at(text: str) -> Owner:
    """An owner by name or by id."""
    try:
        found = Owner.objects.filter(pk=UUID(text)).first()
    except ValueError:
        found = Owner.objects.named(text).first()
    if found is None:
        raise NotFound(f"There is no user {text[:60]} here.", wire_code=NO_SUCH_USER)
    return found
