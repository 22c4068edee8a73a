"""/api/reservations: sandboxes that an owner has kept warm for their own calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from rest_framework.response import Response

from marketplace.accounts.models import Owner
from marketplace.api import paging
from marketplace.api.rest import ActorAPIView, APIRequest, json_object
from marketplace.lib.errors import BadInput, NotFound, NotSignedIn
from projects import reserving, shown
from projects.models import Reservation
from projects.reserving import Wanted

_FIELDS = ("algorithm", "owner", "version_type", "version_identifier", "num_slots")


class ReservationsView(ActorAPIView):
    def get(self, request: APIRequest) -> Response:
        """Those that are kept now for the owners whom the caller speaks for."""
        if request.actor.is_anonymous:
            raise NotSignedIn("Sign in or send an API key to see your reservations.")
        rows = Reservation.objects.live().filter(owner__in=request.actor.owner_ids)
        rows = rows.select_related("owner", "algorithm__owner")
        return Response(
            paging.answer(request, rows, shown.reservation_json, order=("created_at", "pk"))
        )

    def post(self, request: APIRequest) -> Response:
        """Reserve: for oneself, or for the owner named."""
        body = json_object(request, required=("algorithm",))
        unknown = next((name for name in body if name not in _FIELDS), None)
        if unknown is not None:
            raise BadInput(f"{unknown[:60]!r} is not known here; there are {', '.join(_FIELDS)}.")
        wanted = wanted_of(body, _text(body, "algorithm"))
        payer = _payer(request, _text(body, "owner"))
        made = reserving.reserve(wanted, payer=payer, by=request.actor)
        return Response(shown.reservation_json(made), status=201)


class ReservationView(ActorAPIView):
    def get(self, request: APIRequest, reservation_id: UUID) -> Response:
        return Response(shown.reservation_json(reserving.found(reservation_id, by=request.actor)))

    def delete(self, request: APIRequest, reservation_id: UUID) -> Response:
        """End it; the payer pays for the waiting until now."""
        reserving.release(reserving.found(reservation_id, by=request.actor), by=request.actor)
        return Response(status=204)


def wanted_of(body: Mapping[str, Any], path: str) -> Wanted:
    """What a body asks for, here and at the predecessor's address."""
    slots = body.get("num_slots", 1)
    if isinstance(slots, bool) or not isinstance(slots, int):
        raise BadInput("num_slots is a whole number.")
    return Wanted(
        path=path,
        version_type=_text(body, "version_type") or Reservation.VersionType.LATEST_PUBLIC,
        identifier=_text(body, "version_identifier"),
        slots=slots,
    )


def _payer(request: APIRequest, name: str) -> Owner:
    if request.actor.owner_id is None:
        raise NotSignedIn("Sign in or send an API key to reserve sandboxes.")
    rows = Owner.objects.select_related("user", "organization")
    if not name:
        return rows.get(pk=request.actor.owner_id)
    found = rows.filter(name__iexact=name[:60].replace("\0", "")).first()
    if found is None:
        raise NotFound(f"There is no owner {name[:30]!r}.")
    return found


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise BadInput(f"{name} is a text.")
    return value or ""
