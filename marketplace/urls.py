"""The whole URL map on one page. Calls and WebSockets never come here: see marketplace/asgi.py."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

from marketplace import health
from marketplace.compat import unknown

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("marketplace.reference.urls")),
    path("", include("marketplace.compat.urls")),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("admin/", admin.site.urls),
    path("", include("marketplace.languages.urls")),
    path("", include("marketplace.accounts.urls")),
    path("", include("marketplace.people.urls")),
    path("", include("algorithms.urls")),
    path("", include("projects.urls")),
    path("", include("data_collections.urls")),
    path("", include("billing.urls")),
    path("", include("marketplace.catalog.urls")),
    path("", include("marketplace.catalog.project_pages.urls")),
    path("", include("marketplace.catalog.reviews.urls")),
    path("", include("marketplace.catalog.moderation.urls")),
    path("", include("marketplace.staff.urls")),
    re_path(r"^api(?:/|\Z)", unknown.nothing_here),
]
handler500 = "marketplace.failing.server_error"
