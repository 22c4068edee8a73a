"""Paths of what staff do, and of the page that tells everybody how the site is."""

from __future__ import annotations

from django.urls import path

from marketplace.staff import views

app_name = "staff"
urlpatterns = [
    path("status", views.status),
    path("status/", views.status, name="status"),
]
