"""Paths of the native API of algorithms."""

from __future__ import annotations

from django.urls import URLPattern

from algorithms.api import gates, imports, publications, views
from marketplace.api.rest import either

_ONE = "api/algorithms/<str:owner>/<str:name>"
urlpatterns: list[URLPattern] = [
    *either("api/imports", imports.ImportsView.as_view()),
    *either("api/imports/<uuid:import_id>", imports.ImportView.as_view()),
    *either("api/imports/<str:owner>/<str:name>", imports.ArchiveView.as_view()),
    *either("api/algorithms", views.AlgorithmsView.as_view()),
    *either(_ONE, views.AlgorithmView.as_view()),
    *either(f"{_ONE}/versions", views.VersionsView.as_view()),
    *either(f"{_ONE}/publications", publications.PublicationsView.as_view()),
    *either(f"{_ONE}/publications/<uuid:publication_id>", publications.PublicationView.as_view()),
    *either(f"{_ONE}/gate", gates.GateView.as_view()),
    *either(f"{_ONE}/evaluations", gates.EvaluationsView.as_view()),
    *either(f"{_ONE}/builds", views.BuildsView.as_view()),
    *either(f"{_ONE}/builds/<uuid:build_id>", views.BuildView.as_view()),
    *either(f"{_ONE}/builds/<uuid:build_id>/log", views.BuildLogView.as_view()),
]
