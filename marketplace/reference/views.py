"""The document as programs fetch it, and as people read it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from rest_framework.response import Response

from marketplace.api.rest import ActorAPIView, APIRequest
from marketplace.reference import pages
from marketplace.reference.document import document


class DocumentView(ActorAPIView):
    def get(self, _request: APIRequest) -> Response:
        """The whole OpenAPI document; it names nobody, so anybody may read it."""
        return Response(document(), headers={"Access-Control-Allow-Origin": "*"})


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """Every address by subject, rendered from the document."""
    return render(request, "reference/reference.html", {"groups": pages.groups()})
