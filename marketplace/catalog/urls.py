"""Paths of what buyers see."""

from __future__ import annotations

from django.urls import path

from marketplace.catalog import views

app_name = "catalog"
urlpatterns = [
    path("", views.home, name="home"),
    path("explore", views.explore),
    path("explore/", views.explore, name="explore"),
    path("docs", views.docs),
    path("docs/", views.docs, name="docs"),
    path("u/<str:owner>", views.owner),
    path("u/<str:owner>/", views.owner, name="owner"),
    path("algorithms/<str:owner>/<str:name>", views.algorithm),
    path("algorithms/<str:owner>/<str:name>/", views.algorithm, name="algorithm"),
    path("algorithms/<str:owner>/<str:name>/docs/", views.algorithm_docs, name="algorithm_docs"),
    path("algorithms/<str:owner>/<str:name>/api/", views.algorithm_api, name="algorithm_api"),
    path("algorithms/<str:owner>/<str:name>/versions/", views.versions, name="versions"),
]
