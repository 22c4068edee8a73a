"""What under /v1 nobody answers: a 404 in the clients' own format instead of a page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from marketplace.api import errors
from marketplace.api.rest import to_json
from marketplace.lib.errors import NotFound


@csrf_exempt
def nothing_here(request: HttpRequest) -> HttpResponse:
    refusal = NotFound(f"There is nothing at {request.path[:200]}.")
    body = to_json(errors.body_of(refusal))
    headers = errors.headers_of(refusal)
    return HttpResponse(body, status=404, content_type="application/json", headers=headers)
