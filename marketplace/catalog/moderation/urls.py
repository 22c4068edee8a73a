"""Paths of moderation: reporting and appealing for everybody, queue and cases for staff."""

from __future__ import annotations

from django.urls import path

from marketplace.catalog.moderation import views

app_name = "moderation"
urlpatterns = [
    path("report/<str:subject>/<str:reference>/", views.report, name="report"),
    path("moderation", views.queue),
    path("moderation/", views.queue, name="queue"),
    path("moderation/closed/", views.closed, name="closed"),
    path("moderation/cases/<uuid:case_id>/", views.case, name="case"),
    path("moderation/decisions/<uuid:decision_id>/", views.decision, name="decision"),
    path("moderation/appeals/<uuid:appeal_id>/", views.appeal, name="appeal"),
]
