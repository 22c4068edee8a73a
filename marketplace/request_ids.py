"""Every request of a page or of the REST API has a number, which its answer and our log name.

The number is ours always: one that a client sends is not trusted, only written down beside it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import ContextVar
from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from marketplace.lib.ids import new_id

HEADER: Final = "X-Request-Id"
_SENT_LENGTH: Final = 80
_present: ContextVar[str] = ContextVar("request_id", default="")


class RequestIdMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.request_id = f"req-{new_id()}"  # type: ignore[attr-defined]
        sent = request.headers.get(HEADER, "")[:_SENT_LENGTH]
        plain = "".join(letter for letter in sent if letter.isalnum() or letter in "-_.")
        token = _present.set(id_of(request) + (f" (client: {plain})" if plain else ""))
        try:
            response = self.get_response(request)
        finally:
            _present.reset(token)
        if not response.has_header(HEADER):
            response[HEADER] = id_of(request)
        return response


def id_of(request: HttpRequest) -> str:
    """The request's number; empty for one that has not come through the middleware."""
    return str(getattr(request, "request_id", ""))


class NameRequest(logging.Filter):
    """Adds the request that a line of the log belongs to."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        name = _present.get() or (id_of(request) if isinstance(request, HttpRequest) else "")
        record.request_name = f" [{name}]" if name else ""
        return True
