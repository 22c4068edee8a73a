"""Pages travel compressed. Files and answers to programs do not: they keep their length and ETag."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

PAGES = "text/html"


class PageCompression(GZipMiddleware):
    """Django's own, which hides the length of what is secret, for whole pages only."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if response.streaming or not response.get("Content-Type", "").startswith(PAGES):
            return response
        return super().process_response(request, response)
