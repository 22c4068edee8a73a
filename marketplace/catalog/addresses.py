"""The address of this site, as pages tell it to those who read them."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def site_url(request: HttpRequest) -> str:
    """Where the operator says the site is; else where this visitor has just found it.

    For pages only, which go back to whoever named the host. What is mailed or kept names
    `SITE_URL`, or strangers could choose where its readers are sent.
    """
    if settings.IS_SITE_URL_GIVEN:
        return str(settings.SITE_URL)
    return f"{request.scheme}://{request.get_host()}"
