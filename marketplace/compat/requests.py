"""GET /v1/requests/<id>: how a call that nobody waited for has ended. Our addition to the wire."""

from __future__ import annotations

from rest_framework.response import Response

from algorithms import later
from algorithms.charging import Cost
from algorithms.models import CallRequest
from marketplace.api.rest import ActorAPIView, APIRequest
from marketplace.compat import wire
from marketplace.compat.request_states import status_of, uuid_in


class RequestView(ActorAPIView):
    """The state of an accepted call and, once it is done, the same envelope a waiting caller gets."""

    def get(self, request: APIRequest, request_id: str) -> Response:
        kept, outcome = later.fetch(uuid_in(request_id), by=request.actor)
        answer = _known(kept)
        if kept.finished_at is not None and outcome is not None:
            is_owner = request.actor.speaks_for(kept.algorithm.owner_id)
            cost = Cost(**kept.cost) if kept.cost else None
            answer |= wire.members(outcome, request_id=str(kept.pk), is_owner=is_owner, cost=cost)
            answer["finished_at"] = kept.finished_at
        return Response(answer)


class CancelView(ActorAPIView):
    """End an accepted call; its answer then says that, and what it has cost."""

    def post(self, request: APIRequest, request_id: str) -> Response:
        return Response(_known(later.cancel(uuid_in(request_id), by=request.actor)))


def _known(kept: CallRequest) -> dict[str, object]:
    return {
        "request_id": f"req-{kept.pk}",
        "status": status_of(kept),
        "created_at": kept.created_at,
        "expires_at": kept.expires_at,
    }
