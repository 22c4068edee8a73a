"""What every template may use."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from marketplace.accounts import site_settings
from marketplace.accounts.models import Announcement
from marketplace.catalog import addresses

THEMES = frozenset({"light", "dark"})


def site(request: HttpRequest) -> dict[str, object]:
    """The site's names, and the colours the visitor chose (static/js/theme-toggle.js)."""
    theme = request.COOKIES.get("theme")
    return {
        "site_name": site_settings.title(),
        "terms_url": site_settings.current().terms_url,
        "announcements": SimpleLazyObject(lambda: _announcements(request)),
        "site_url": addresses.site_url(request),
        "theme": theme if theme in THEMES else None,
    }


def _announcements(request: HttpRequest) -> list[Announcement]:
    """Those of the moment that the visitor has not put away (marketplace/staff/views.py)."""
    put_away = request.COOKIES.get("dismissed", "").split(".")
    return [
        one
        for one in site_settings.announcements()
        if not (one.is_dismissible and one.pk.hex in put_away)
    ]
