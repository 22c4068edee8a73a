"""Receipts and usage over /v1: what calls have cost, signed one by one or summed. Our addition."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.response import Response

from billing import receipt_keys, receipts, usage_reports
from billing.models import Receipt
from billing.usage_reports import Asked, Report
from marketplace.accounts.models import Owner
from marketplace.api.rest import ActorAPIView, APIRequest
from marketplace.compat.finding import owner_at
from marketplace.lib.errors import BadInput, NotSignedIn
from marketplace.lib.money import format_dollars
from marketplace.lib.spreadsheets import harmless

_MOST: Final = 1000


class ReceiptKeysView(ActorAPIView):
    """GET /v1/receipts/key: the public keys that receipts can be checked with, for everybody."""

    def get(self, request: APIRequest) -> Response:
        del request
        keys = receipt_keys.known()
        return Response(
            {
                "algorithm": "Ed25519",
                "current": receipt_keys.current().pk,
                "keys": [
                    {"id": key.pk, "public_key": key.public_key, "since": key.first_used_at}
                    for key in keys
                ],
            }
        )


class ReceiptsView(ActorAPIView):
    """GET /v1/receipts?after=NUMBER: those that follow, oldest first."""

    def get(self, request: APIRequest) -> Response:
        owner = _owner(request)
        after = _number(request.query_params.get("after", "0"), "after")
        limit = min(_number(request.query_params.get("limit", "100"), "limit"), _MOST)
        found: list[Receipt] = receipts.of(owner, by=request.actor, after=after, most=limit)
        following = found[-1].number if found and len(found) == limit else None
        return Response({"receipts": [receipts.signed(one) for one in found], "next": following})


class ReceiptView(ActorAPIView):
    """GET /v1/receipts/ID: that of one call, by the call's id, with or without `req-`."""

    def get(self, request: APIRequest, receipt_id: str) -> Response:
        try:
            wanted = UUID(receipt_id.removeprefix("req-"))
        except ValueError:
            raise BadInput(f"{receipt_id[:60]!r} is no id of a call.") from None
        return Response(receipts.signed(receipts.find(wanted, by=request.actor)))


class UsageView(ActorAPIView):
    """GET /v1/usage?group_by=day|algorithm|version|key|tag&from&to&format=json|csv."""

    def get(self, request: APIRequest) -> HttpResponseBase:
        given = request.query_params
        asked = Asked(
            group_by=given.get("group_by", "day"),
            since=usage_reports.day(given.get("from", ""), what="from"),
            until=usage_reports.day(given.get("to", ""), what="to"),
            key=given.get("key", ""),
            algorithm=given.get("algorithm", ""),
            version=given.get("version", ""),
            tag=given.get("tag"),
        )
        form = given.get("format", "json")
        if form not in ("json", "csv"):
            raise BadInput("format is json or csv.")
        found = usage_reports.report(_owner(request), by=request.actor, asked=asked)
        if form == "csv":
            return _csv(found)
        return Response(
            {
                "group_by": asked.group_by,
                "from": asked.first.isoformat(),
                "to": asked.last.isoformat(),
                "currency": settings.CURRENCY,
                "rows": [_shown(asdict(row)) for row in found.rows],
                "total": _shown(asdict(found.total)),
            }
        )


def _shown(row: dict[str, Any]) -> dict[str, object]:
    amounts = ("compute", "royalty", "total")
    return row | {name: format_dollars(row[name]) for name in amounts}


def _csv(found: Report) -> HttpResponse:
    text = io.StringIO()
    writer = csv.writer(text)
    names = ("calls", "billed_calls", "billed_ms", "compute", "royalty", "total")
    writer.writerow([found.asked.group_by, *names])
    for row in found.rows:
        shown = _shown(asdict(row))
        writer.writerow([harmless(row.name), *[shown[name] for name in names]])
    made = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    name = f"usage-{found.asked.first}-{found.asked.last}.csv"
    made["Content-Disposition"] = f'attachment; filename="{name}"'
    return made


def _owner(request: APIRequest) -> Owner:
    name = request.query_params.get("owner", "")
    if name:
        return owner_at(name)
    if request.actor.owner_id is None:
        raise NotSignedIn("Send an API key, or sign in, to see bills.")
    return Owner.objects.get(pk=request.actor.owner_id)


def _number(text: str, what: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise BadInput(f"{what} is a number, not {text[:20]!r}.")
    return int(text)
