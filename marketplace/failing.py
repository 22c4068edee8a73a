"""What a request gets that nothing here expected: our fault, with a number to ask about."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from marketplace.api import errors
from marketplace.api.rest import to_json
from marketplace.request_ids import id_of

_OF_PROGRAMS: Final = ("/api/", "/v1/")


def server_error(request: HttpRequest) -> HttpResponse:
    """A page without anything that could fail again; for programs the usual error body."""
    name = id_of(request)
    if request.path.startswith(_OF_PROGRAMS):
        message = (
            "The site failed; your request is not at fault and nothing was charged. Try again, "
            f"and if it stays so, tell the operator this number: {name}"
        )
        body = to_json({"error": {"id": name, "code": errors.INTERNAL, "message": message}})
        return HttpResponse(body, status=500, content_type="application/json")
    return HttpResponse(render_to_string("500.html", {"request_id": name}), status=500)
