"""Put, open, list, delete: the only road to the bytes of a collection."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from data_collections import quotas, storage
from data_collections.locating import (
    collection_at,
    collection_for_writing,
    file_at,
    readable_at,
)
from data_collections.models import Blob, Collection, DataFile, Upload
from data_collections.permissions import may_read, may_write_to
from data_collections.reserving import Reservation
from data_collections.storage import Received, Source
from data_collections.uris import DataPath
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib.errors import BadInput, NotFound


@dataclass(frozen=True)
class Promise:
    """What a sender says of a file before it arrives. None is unknown."""

    length: int | None = None
    content_type: str = ""
    sha256: str | None = None
    md5: str | None = None


def put(path: DataPath, content: Source, *, by: Actor, promise: Promise | None = None) -> DataFile:
    """Store a file, replacing one of the same name at once or not at all.

    What can be refused is refused before the first byte is read.
    """
    promise = promise or Promise()
    if not path.is_file:
        raise BadInput(
            _("%(path)s is a folder; a file is put at data://owner/collection/file.")
            % {"path": path}
        )
    collection = collection_for_writing(path, by)
    by.require(may_write_to, collection)
    with Reservation(collection, path.file, promised=promise.length) as room:
        with Received(content, check_size=room.check_size) as received:
            kept = keep(received, promise, name=path.file)
        return link(collection, path.file, *kept, upload_id=room.upload.pk)


def keep(received: Received, promise: Promise, *, name: str) -> tuple[Blob, str]:
    """Give bytes that arrived as promised their lasting place; give the blob and its content type."""
    check_promise(received, promise)
    kind = received.sniffer.verdict(name=name, declared=promise.content_type)
    return storage.keep(received), kind


def find(path: DataPath, *, by: Actor) -> DataFile:
    """The file at a path, with its blob: `storage.Reading(file.blob)` has the bytes."""
    collection = readable_at(path, by) or collection_at(path, by)
    by.require(may_read, collection)
    return file_at(path, collection)


@transaction.atomic
def delete(path: DataPath, *, by: Actor) -> None:
    """Remove one file. Downloads in progress still end well."""
    collection = collection_at(path, by)
    by.require(may_write_to, collection)
    file = file_at(path, collection)
    file.delete()
    storage.let_go([file.blob_id])


@transaction.atomic
def link(
    collection: Collection, name: str, blob: Blob, content_type: str, *, upload_id: UUID
) -> DataFile:
    """Point the name at the bytes. One owner's puts pass here one after another."""
    Owner.objects.select_for_update(no_key=True).get(pk=collection.owner_id)
    if not Collection.objects.filter(pk=collection.pk).exists():
        raise NotFound(
            _("%(collection)s was deleted while the file was on its way.")
            % {"collection": collection}
        )
    room = quotas.room_for(collection, name, but=upload_id)
    quotas.check_room(blob.size, room, collection)
    before = DataFile.objects.filter(collection=collection, name=name).first()
    file, _is_new = DataFile.objects.update_or_create(
        collection=collection,
        name=name,
        defaults={
            "blob": blob,
            "size": blob.size,
            "content_type": content_type,
            "modified_at": timezone.now(),
        },
    )
    Upload.objects.filter(pk=upload_id).update(reserved=0)  # it counts as a file from now on
    if before is not None and before.blob_id != blob.pk:
        storage.let_go([before.blob_id])
    return file


def check_promise(received: Received, promise: Promise) -> None:
    said = {"length": promise.length, "SHA-256": promise.sha256, "MD5": promise.md5}
    came = {"length": received.size, "SHA-256": received.sha256, "MD5": received.md5}
    for what, value in said.items():
        if value is not None and value != came[what]:
            raise BadInput(
                _(
                    "The file did not arrive as it was sent: its %(what)s should be %(value)s and "
                    "is %(came)s. Nothing was stored; send it again."
                )
                % {"what": what, "value": value, "came": came[what]}
            )
