"""Paths of the native API of projects."""

from __future__ import annotations

from django.urls import URLPattern

from marketplace.api.rest import either
from projects.api import reservations, views

_ONE = "api/projects/<str:owner>/<str:project>"
_SERVICE = f"{_ONE}/services/<str:service>"
urlpatterns: list[URLPattern] = [
    *either("api/reservations", reservations.ReservationsView.as_view()),
    *either("api/reservations/<uuid:reservation_id>", reservations.ReservationView.as_view()),
    *either("api/projects", views.ProjectsView.as_view()),
    *either(_ONE, views.ProjectView.as_view()),
    *either(f"{_ONE}/services", views.ServicesView.as_view()),
    *either(_SERVICE, views.ServiceView.as_view()),
    *either(f"{_SERVICE}/online", views.OnlineView.as_view()),
    *either(f"{_SERVICE}/log", views.LogView.as_view(), name="service_log"),
]
