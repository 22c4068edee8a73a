"""What every template may use."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from marketplace.catalog import addresses

THEMES = frozenset({"light", "dark"})


def site(request: HttpRequest) -> dict[str, object]:
    """The site's names, and the colours the visitor chose (static/js/theme-toggle.js)."""
    theme = request.COOKIES.get("theme")
    return {
        "site_name": settings.SITE_NAME,
        "site_url": addresses.site_url(request),
        "theme": theme if theme in THEMES else None,
    }
