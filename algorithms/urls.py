"""Paths of an author's pages, and of the native API of algorithms."""

from __future__ import annotations

from django.urls import include, path

from algorithms.views import (
    approvals,
    assistance,
    builds,
    dashboard,
    editor,
    gallery,
    gates,
    importing,
    opening,
    publishing,
    settings,
)

app_name = "algorithms"

one_algorithm = [
    path("edit/", editor.editor, name="editor"),
    path("dependencies/", editor.dependencies, name="dependencies"),
    path("files/", editor.FilesView.as_view(), name="files"),
    path("files/<path:path>", editor.FileView.as_view(), name="file"),
    path("check/", assistance.CheckView.as_view(), name="check"),
    path("packages/", assistance.PackagesView.as_view(), name="packages"),
    path("search/", assistance.SearchView.as_view(), name="search"),
    path("tests/", assistance.TestsView.as_view(), name="tests"),
    path("builds/", builds.build_list, name="builds"),
    path("builds/as_of/", builds.install_as_of, name="install_as_of"),
    path("builds/<uuid:build_id>/", builds.build, name="build"),
    path("builds/<uuid:build_id>/log", builds.build_log, name="build_log"),
    path("builds/<uuid:build_id>/cancel/", builds.cancel, name="cancel_build"),
    path("publish/", publishing.publish, name="publish"),
    path("publish/<uuid:publication_id>/", publishing.publication, name="publication"),
    path("publish/plan/", publishing.plan, name="publish_plan"),
    path("settings/", settings.settings, name="settings"),
    path("gate/", gates.gate, name="gate"),
    path("gate/remove/", gates.remove, name="remove_gate"),
    path("secrets/", settings.secrets, name="secrets"),
    path("secrets/<uuid:secret_id>/remove/", settings.remove_secret, name="remove_secret"),
    path("images/", gallery.add, name="add_image"),
    path("images/<uuid:image_id>/", gallery.image, name="image"),
    path("images/<uuid:image_id>/change/", gallery.change, name="change_image"),
    path("move/", settings.move, name="move"),
    path("delete/", settings.delete, name="delete"),
]
urlpatterns = [
    path("", include("algorithms.api.urls")),
    path("dashboard/", dashboard.dashboard, name="dashboard"),
    path("approvals/", approvals.waiting, name="approvals"),
    path("approvals/<uuid:version_id>/", approvals.decide, name="decide_approval"),
    path("algorithms/new/", dashboard.new, name="new"),
    path("algorithms/import/", importing.start, name="start_import"),
    path("algorithms/imports/<uuid:import_id>/", importing.state, name="import"),
    path("algorithms/open/", opening.open_app, name="open_app"),
    path("algorithms/first/", dashboard.first, name="first"),
    path("algorithms/<str:owner>/<str:name>/", include(one_algorithm)),
]
