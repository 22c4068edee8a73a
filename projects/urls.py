"""Paths of projects: their API. Their pages are the catalog's (project_pages)."""

from __future__ import annotations

from projects.api.urls import urlpatterns

app_name = "projects_api"
__all__ = ["app_name", "urlpatterns"]
