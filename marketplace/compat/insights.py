"""Algorithmia's insights: reported from inside an algorithm, read by its owner."""

from __future__ import annotations

from rest_framework.response import Response

from algorithms import insights
from marketplace.api import paging
from marketplace.api.describing import (
    ANYTHING,
    MOMENT,
    NUMBER,
    PAGING,
    TEXT,
    Operation,
    list_of,
    object_of,
    or_null,
    paged,
)
from marketplace.api.errors import INVALID_REQUEST
from marketplace.api.rest import ActorAPIView, APIRequest, json_body
from marketplace.compat.finding import AlgorithmView
from marketplace.lib.errors import BadInput

_ORDER = ("-created_at", "-call_id")


class InsightsView(ActorAPIView):
    """Takes what running code says of its call; the client sends no credential, its sandbox does."""

    described = {
        "POST": Operation(
            "Report insights (from inside an algorithm)",
            body=list_of(object_of({"insight_key": TEXT, "insight_value": ANYTHING})),
            status=204,
        )
    }

    def post(self, request: APIRequest) -> Response:
        given = json_body(request, limit=4 * insights.MOST_BYTES)
        insights.report(_values(given), by=request.actor)
        return Response(status=204)


class AlgorithmInsightsView(AlgorithmView):
    described = {
        "GET": Operation(
            "Read what an algorithm has reported about its calls",
            paged(
                object_of(
                    {
                        "request_id": TEXT,
                        "timestamp": MOMENT,
                        "duration_milliseconds": or_null(NUMBER),
                        "algorithm_owner": TEXT,
                        "algorithm_name": TEXT,
                        "algorithm_version": TEXT,
                    }
                )
            ),
            query=PAGING,
            words="Newest first; each with what was reported under its own names.",
        )
    }

    def get(self, request: APIRequest, **_: object) -> Response:
        rows = insights.of(self.algorithm, by=request.actor)
        piece = paging.page(
            rows,
            limit=paging.limit_in(request),
            marker=request.query_params.get("marker", ""),
            order=_ORDER,
        )
        return Response(
            {
                "marker": piece.marker,
                "next_link": paging.next_link(request, piece.marker),
                "results": list(insights.with_their_calls(piece.results, self.algorithm)),
            }
        )


def _values(given: object) -> dict[str, object]:
    """Read `[{"insight_key":…,"insight_value":…}]`."""
    if not isinstance(given, list):
        raise _malformed()
    values: dict[str, object] = {}
    for each in given:
        name = each.get("insight_key") if isinstance(each, dict) else None
        if not isinstance(name, str) or "insight_value" not in each:
            raise _malformed()
        values[name] = each["insight_value"]
    return values


def _malformed() -> BadInput:
    return BadInput(
        'Insights are a list: [{"insight_key":"NAME","insight_value":VALUE}].',
        wire_code=INVALID_REQUEST,
    )
