"""Paths of this package."""

from __future__ import annotations

from django.urls import include, path

from data_collections import views
from data_collections.connectors import views as connectors

app_name = "collections"

_collection = [
    path("", views.collection, name="collection"),
    path("access/", views.access, name="access"),
    path("delete/", views.delete, name="delete"),
    path("files/<str:file>", views.download, name="download"),
    path("files/<str:file>/view/", views.file, name="file"),
    path("files/<str:file>/picture/", views.picture, name="picture"),
    path("uploads/<uuid:upload_id>/discard/", views.discard, name="discard"),
    path("files/<str:file>/delete/", views.delete_file, name="delete_file"),
]

urlpatterns = [
    path("collections/", views.collections, name="list"),
    path("connectors/", connectors.connectors, name="connectors"),
    path("connectors/new/<slug:protocol>/", connectors.connect, name="connect"),
    path("connectors/<uuid:connector_id>/", connectors.connector, name="connector"),
    path("connectors/<uuid:connector_id>/try/", connectors.try_connector, name="try_connector"),
    path("connectors/<uuid:connector_id>/cut/", connectors.disconnect, name="disconnect"),
    path("collections/<str:owner>/<str:name>/", include(_collection)),
    path("", include("data_collections.api.urls")),
]
