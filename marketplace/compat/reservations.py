"""Algorithmia's reservations: administrators have sandboxes kept warm for somebody's calls."""

from __future__ import annotations

from uuid import UUID

from rest_framework.response import Response

from marketplace.accounts.models import Owner
from marketplace.accounts.permissions import may_administer
from marketplace.api.errors import INVALID_REQUEST
from marketplace.api.rest import ActorAPIView, APIRequest, json_object
from marketplace.compat import finding
from marketplace.lib.errors import BadInput, NotFound
from projects import reserving
from projects.api.reservations import wanted_of
from projects.models import Reservation

_NEEDED = ("username", "algoname", "calling_user", "version_type", "num_slots")
_WHAT = "reservations"


class ReservationsView(ActorAPIView):
    def get(self, request: APIRequest) -> Response:
        request.actor.require(may_administer, _WHAT)
        rows = Reservation.objects.live().select_related("owner", "algorithm__owner")
        return Response([_told(row) for row in rows.order_by("created_at", "pk")])

    def post(self, request: APIRequest) -> Response:
        request.actor.require(may_administer, _WHAT)
        body = json_object(request, required=_NEEDED)
        names = [body[name] for name in ("username", "algoname", "calling_user")]
        if not all(isinstance(name, str) and "\0" not in name for name in names):
            raise BadInput(
                "username, algoname and calling_user are texts.", wire_code=INVALID_REQUEST
            )
        path = f"{names[0]}/{names[1]}"
        payer = finding.owner_at(names[2])
        payer = Owner.objects.select_related("user", "organization").get(pk=payer.pk)
        made = reserving.reserve(wanted_of(body, path), payer=payer, by=request.actor)
        return Response(_told(made))


class ReservationView(ActorAPIView):
    def delete(self, request: APIRequest, reservation_id: str) -> Response:
        request.actor.require(may_administer, _WHAT)
        try:
            known = UUID(reservation_id)
        except ValueError:
            raise NotFound("There is no such reservation.") from None
        reserving.release(reserving.found(known, by=request.actor), by=request.actor)
        return Response(status=204)


def _told(one: Reservation) -> dict[str, object]:
    return {
        "reservation_id": str(one.pk),
        "billable_to": one.owner.name,
        "billable_to_uuid": str(one.owner_id),
        "username": one.algorithm.owner.name,
        "algoname": one.algorithm.name,
        "version_type": one.version_type,
        "num_slots": one.num_slots,
        "algo_id": str(one.algorithm_id),
        "algorithm_id": str(one.algorithm_id),
        "version_hash": one.commit,
    }
