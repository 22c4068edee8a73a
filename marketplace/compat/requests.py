"""GET /v1/requests/<id>: how a call that nobody waited for has ended. Our addition to the wire."""

from __future__ import annotations

from uuid import UUID

from rest_framework.response import Response

from algorithms import later
from algorithms.charging import Cost
from algorithms.models import CallRequest
from marketplace.api.rest import ActorAPIView, APIRequest
from marketplace.compat import wire
from marketplace.lib.errors import NotFound


class RequestView(ActorAPIView):
    """The state of an accepted call and, once it is done, the same envelope a waiting caller gets."""

    def get(self, request: APIRequest, request_id: str) -> Response:
        kept, outcome = later.fetch(_uuid(request_id), by=request.actor)
        answer: dict[str, object] = {
            "request_id": f"req-{kept.pk}",
            "status": kept.state,
            "created_at": kept.created_at,
            "expires_at": kept.expires_at,
        }
        if kept.state == CallRequest.State.DONE and outcome is not None:
            is_owner = request.actor.speaks_for(kept.algorithm.owner_id)
            cost = Cost(**kept.cost) if kept.cost else None
            answer |= wire.members(outcome, request_id=str(kept.pk), is_owner=is_owner, cost=cost)
            answer["finished_at"] = kept.finished_at
        return Response(answer)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text.removeprefix("req-"))
    except ValueError:
        raise NotFound(f"request {text[:60]} not found", wire_code=7000) from None
