"""Paths of the pages of projects."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from marketplace.catalog.project_pages.views import going_online, projects, reservations

_of_service = [
    path("", going_online.service, name="service"),
    path("settings/", going_online.settings, name="service_settings"),
    path("online/", going_online.online, name="go_online"),
    path("offline/", going_online.offline, name="take_offline"),
    path("remove/", going_online.remove, name="remove_service"),
]
_of_project: list[URLPattern | URLResolver] = [
    path("", projects.project, name="project"),
    path("settings/", projects.settings, name="settings"),
    path("groups/", projects.groups, name="groups"),
    path("remove/", projects.remove, name="remove"),
    path("new/", going_online.new, name="new_service"),
    path("services/<str:service>/", include(_of_service)),
]
app_name = "projects"
urlpatterns = [
    path("projects/", projects.projects, name="list"),
    path("reservations/", reservations.reservations, name="reservations"),
    path("reservations/<uuid:reservation_id>/end/", reservations.end, name="end_reservation"),
    path("projects/new/", projects.new, name="new"),
    path("projects/<str:owner>/<str:project>/", include(_of_project)),
]
