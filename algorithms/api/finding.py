"""The algorithm that an address of the native API names."""

from __future__ import annotations

from rest_framework.request import Request

from algorithms import resolving
from algorithms.models import Algorithm
from marketplace.api.rest import ActorAPIView


class OneView(ActorAPIView):
    """A view below one algorithm."""

    algorithm: Algorithm

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)
        actor = request.actor  # type: ignore[attr-defined]
        self.algorithm = resolving.find(self.kwargs["owner"], self.kwargs["name"], by=actor)
