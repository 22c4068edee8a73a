"""Paths of what staff do, and of the page that tells everybody how the site is."""

from __future__ import annotations

from django.urls import path
from django.views.generic import RedirectView

from marketplace.staff import environment_views, online_views, views

app_name = "staff"
urlpatterns = [
    path("status", views.status),
    path("status/", views.status, name="status"),
    path("staff/", RedirectView.as_view(pattern_name="moderation:queue"), name="home"),
    path("staff/settings/", views.site, name="settings"),
    path("staff/invitations/", views.invitation, name="invitation"),
    path("staff/invitations/<int:code_id>/end/", views.end_invitation, name="end_invitation"),
    path("staff/announcements/", views.announcements, name="announcements"),
    path("staff/announcements/<uuid:announcement_id>/end/", views.take_down, name="take_down"),
    path("announcements/<uuid:announcement_id>/dismiss/", views.dismiss, name="dismiss"),
    path("staff/limits/", views.owner_limits, name="limits"),
    path("staff/environments/", environment_views.all_of_them, name="environments"),
    path("staff/environments/new/", environment_views.new, name="new_environment"),
    path("staff/environments/<slug:slug>/", environment_views.one, name="environment"),
    path("staff/online/", online_views.online, name="online"),
    path("staff/online/<uuid:service_id>/end/", online_views.end, name="end_online"),
    path("staff/incidents/", views.incident_list, name="incidents"),
    path("staff/incidents/<uuid:incident_id>/", views.update_incident, name="update_incident"),
    path("staff/audit/", views.audit_log, name="audit"),
    path("staff/audit.csv", views.audit_csv, name="audit_csv"),
]
