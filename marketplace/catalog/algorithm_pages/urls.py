"""Paths of an algorithm's page and of kept runs; part of the catalog's."""

from __future__ import annotations

from django.urls import include, path

from marketplace.catalog.algorithm_pages.views import descriptions, kept_runs, keys, owners, public

_of_one = [
    path("docs/", public.docs, name="algorithm_docs"),
    path("api/", public.api, name="algorithm_api"),
    path("versions/", public.versions, name="versions"),
    path("cost/", public.price, name="cost"),
    path("source/", owners.source, name="source"),
    path("errors/", owners.errors, name="errors"),
    path("insights/", owners.insights, name="insights"),
    path("insights.csv", owners.insights_csv, name="insights_csv"),
    path("usage/", owners.usage, name="usage"),
    path("key/", keys.make, name="make_key"),
    path("<str:version>/openapi.json", descriptions.document, name="openapi"),
    path("<str:version>/schema/", descriptions.schema, name="schema"),
]

urlpatterns = [
    path("algorithms/<str:owner>/<str:name>", public.algorithm),
    path("algorithms/<str:owner>/<str:name>/", public.algorithm, name="algorithm"),
    path("algorithms/<str:owner>/<str:name>/", include(_of_one)),
    path("runs/", kept_runs.kept, name="runs"),
    path("runs/keep/", kept_runs.keep, name="keep_run"),
    path("runs/<uuid:run_id>/", kept_runs.run, name="run"),
    path("runs/<uuid:run_id>/delete/", kept_runs.forget, name="forget_run"),
]
