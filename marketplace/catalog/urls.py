"""Paths of what buyers see."""

from __future__ import annotations

from django.urls import include, path

from marketplace.catalog import views

app_name = "catalog"
urlpatterns = [
    path("", include("marketplace.catalog.discovery.urls")),
    path("docs", views.docs),
    path("docs/", views.docs, name="docs"),
    path("", include("marketplace.catalog.algorithm_pages.urls")),
]
