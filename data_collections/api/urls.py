"""Paths of this package."""

from __future__ import annotations

from data_collections.api import uploads, views
from marketplace.api.rest import either

_COLLECTION = "api/collections/<str:owner>/<str:name>"

urlpatterns = [
    *either("api/collections", views.CollectionsView.as_view()),
    *either(_COLLECTION, views.CollectionView.as_view()),
    *either("api/uploads", uploads.UploadsView.as_view(), name="uploads"),
    *either("api/uploads/<uuid:upload_id>", uploads.UploadView.as_view()),
    *either(f"{_COLLECTION}/files", views.FilesView.as_view()),
]
