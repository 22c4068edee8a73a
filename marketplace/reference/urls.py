"""Paths of the reference."""

from __future__ import annotations

from django.urls import path

from marketplace.api.rest import either
from marketplace.reference import views

app_name = "reference"
urlpatterns = [
    *either("api/openapi.json", views.DocumentView.as_view(), name="document"),
    *either("v1/openapispec", views.DocumentView.as_view()),
    path("docs/api/", views.reference, name="reference"),
    path("docs/api", views.reference),
]
