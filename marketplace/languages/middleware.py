"""Pages in the visitor's language; answers to programs in English."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.cache import patch_vary_headers

_OF_PROGRAMS: Final = ("/api/", "/v1/", "/billing/stripe/", "/healthz", "/readyz")


class LanguageMiddleware(LocaleMiddleware):
    """Cookie first, then Accept-Language: what clients of the API read never depends on either."""

    def process_request(self, request: HttpRequest) -> None:
        if request.path.startswith(_OF_PROGRAMS):
            translation.activate(settings.LANGUAGE_CODE)
            request.LANGUAGE_CODE = settings.LANGUAGE_CODE
            return
        super().process_request(request)

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if request.path.startswith(_OF_PROGRAMS):
            return response
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        response.headers.setdefault("Content-Language", translation.get_language())
        return response
