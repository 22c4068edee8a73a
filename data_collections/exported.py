"""What this part keeps of a person, for the archive of their data."""

from __future__ import annotations

from data_collections.models import Connector, DataFile
from marketplace.accounts import exporting
from marketplace.accounts.exporting import Rows
from marketplace.accounts.models import Owner


def _files(owner: Owner) -> Rows:
    rows = DataFile.objects.filter(collection__owner=owner).select_related("collection__owner")
    for file in rows.order_by("collection__name", "name").iterator():
        yield {
            "path": str(file),
            "size": file.size,
            "content_type": file.content_type,
            "sha256": file.blob_id,
            "modified_at": file.modified_at,
            "download": f"/v1/data/{file.collection.owner.name}/{file.collection.name}/{file.name}"
            if file.collection.is_hosted
            else "",
        }


def _connectors(owner: Owner) -> Rows:
    """What is connected; the credentials themselves leave the site towards their store only."""
    for connector in Connector.objects.filter(owner=owner).order_by("protocol", "label"):
        yield {
            "connector": str(connector),
            "endpoint": connector.endpoint,
            "path": connector.path,
            "is_writable": connector.is_writable,
            "used_by": connector.used_by,
            "created_at": connector.created_at,
        }


exporting.sections["data"] = _files
exporting.sections["connectors"] = _connectors
