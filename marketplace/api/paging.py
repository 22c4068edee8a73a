"""Long lists in pieces: `limit`, an opaque `marker`, and the address of the next piece.

The marker holds where the last row stood in the order, so that rows added or removed
meanwhile neither repeat nor hide another.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar

import orjson
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from marketplace.api.errors import BAD_LIMIT, BAD_MARKER
from marketplace.lib.errors import BadInput

USUAL_LIMIT: Final = 50
LARGEST_LIMIT: Final = 1000

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Page(Generic[M]):
    results: list[M]
    marker: str | None
    """Give it back to get the rows that follow; None after the last."""


def page(
    rows: QuerySet[M],
    *,
    limit: int = USUAL_LIMIT,
    marker: str = "",
    order: Sequence[str] = ("pk",),
) -> Page[M]:
    """Take the rows after the marker. `order` names fields, all rising or all with a minus."""
    ordered = rows.order_by(*order)
    if marker:
        ordered = _after(ordered, marker, order)
    taken = list(ordered[: limit + 1])
    if len(taken) <= limit:
        return Page(taken, None)
    return Page(taken[:limit], _marker(taken[limit - 1], order))


def answer(
    request: HttpRequest,
    rows: QuerySet[M],
    show: Callable[[M], object],
    *,
    order: Sequence[str] = ("pk",),
    usual: int = USUAL_LIMIT,
) -> dict[str, object]:
    """The wire's answer for the piece that the request's `limit` and `marker` ask for."""
    limit = limit_in(request, usual=usual)
    piece = page(rows, limit=limit, marker=request.GET.get("marker", ""), order=order)
    return {
        "marker": piece.marker,
        "next_link": next_link(request, piece.marker),
        "results": [show(row) for row in piece.results],
    }


def limit_in(request: HttpRequest, *, usual: int = USUAL_LIMIT) -> int:
    text = request.GET.get("limit", "")
    if not text:
        return usual
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= LARGEST_LIMIT):
        raise BadInput(
            f"limit is a whole number from 1 to {LARGEST_LIMIT}, not {text[:20]!r}.",
            wire_code=BAD_LIMIT,
        )
    return int(text)


def next_link(request: HttpRequest, marker: str | None) -> str | None:
    if marker is None:
        return None
    query = request.GET.copy()
    query["marker"] = marker
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def _marker(row: Model, order: Sequence[str]) -> str:
    values = [attrgetter(name.lstrip("-").replace("__", "."))(row) for name in order]
    return base64.urlsafe_b64encode(orjson.dumps(values)).rstrip(b"=").decode()


def _after(rows: QuerySet[M], marker: str, order: Sequence[str]) -> QuerySet[M]:
    values = _values(marker)
    if len(values) != len(order):
        raise _bad_marker()
    beyond = Q()
    equal: dict[str, Any] = {}
    for name, value in zip(order, values, strict=True):
        field = name.lstrip("-")
        step = "lt" if name.startswith("-") else "gt"
        beyond |= Q(**equal, **{f"{field}__{step}": value})
        equal[field] = value
    try:
        return rows.filter(beyond)
    except (ValidationError, ValueError, TypeError):
        raise _bad_marker() from None


def _values(marker: str) -> list[Any]:
    try:
        padded = marker + "=" * (-len(marker) % 4)
        values = orjson.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
    except (ValueError, binascii.Error):
        raise _bad_marker() from None
    if not isinstance(values, list) or not all(isinstance(v, (str, int)) for v in values):
        raise _bad_marker()
    return values


def _bad_marker() -> BadInput:
    return BadInput(
        "This marker is not one that a list here has given out; start again without it.",
        wire_code=BAD_MARKER,
    )
