"""What the REST views of an algorithm's source have in common."""

from __future__ import annotations

from rest_framework.request import Request

from algorithms import repositories, resolving
from algorithms.models import Algorithm
from algorithms.permissions import may_view_source
from marketplace.api.rest import ActorAPIView, APIRequest


class SourceView(ActorAPIView):
    """A view of the source, for those who may see it."""

    algorithm: Algorithm

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)
        actor = request.actor  # type: ignore[attr-defined]
        self.algorithm = resolving.find(self.kwargs["owner"], self.kwargs["name"], by=actor)
        actor.require(may_view_source, self.algorithm)

    def commit(self, request: APIRequest) -> str:
        named = request.query_params.get("commit", "")
        return (
            repositories.resolve(self.algorithm.pk, named)
            if named
            else repositories.head(self.algorithm.pk)
        )
