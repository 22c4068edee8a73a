"""What every template may use."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

THEMES = frozenset({"light", "dark"})


def site(request: HttpRequest) -> dict[str, object]:
    """The site's names, and the colours the visitor chose (static/js/theme-toggle.js)."""
    theme = request.COOKIES.get("theme")
    return {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "theme": theme if theme in THEMES else None,
    }
