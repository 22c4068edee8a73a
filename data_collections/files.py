"""Put, open, list, delete: the only road to the bytes of a collection."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from django.db import transaction
from django.utils import timezone

from data_collections import quotas, storage
from data_collections.locating import (
    collection_at,
    collection_for_writing,
    file_at,
    readable_at,
)
from data_collections.models import Blob, Collection, DataFile
from data_collections.permissions import may_read, may_write_to
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
        raise BadInput(f"{path} is a folder; a file is put at data://owner/collection/file.")
    collection = collection_for_writing(path, by)
    by.require(may_write_to, collection)
    room = quotas.room_for(collection, path.file)
    check = partial(_check_size, collection=collection, room=room)
    check(promise.length or 0)
    with Received(content, check_size=check) as received:
        _check_promise(received, promise)
        kind = received.sniffer.verdict(name=path.file, declared=promise.content_type)
        blob = storage.keep(received)
    return _link(collection, path.file, blob, kind)


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
def _link(collection: Collection, name: str, blob: Blob, content_type: str) -> DataFile:
    """Point the name at the bytes. One owner's puts pass here one after another."""
    Owner.objects.select_for_update(no_key=True).get(pk=collection.owner_id)
    if not Collection.objects.filter(pk=collection.pk).exists():
        raise NotFound(f"{collection} was deleted while the file was on its way.")
    room = quotas.room_for(collection, name)
    quotas.check_room(blob.size, room, collection)
    before = DataFile.objects.filter(collection=collection, name=name).first()
    file, _ = DataFile.objects.update_or_create(
        collection=collection,
        name=name,
        defaults={
            "blob": blob,
            "size": blob.size,
            "content_type": content_type,
            "modified_at": timezone.now(),
        },
    )
    if before is not None and before.blob_id != blob.pk:
        storage.let_go([before.blob_id])
    return file


def _check_size(size: int, *, collection: Collection, room: int) -> None:
    quotas.check_file_size(size)
    quotas.check_room(size, room, collection)


def _check_promise(received: Received, promise: Promise) -> None:
    said = {"length": promise.length, "SHA-256": promise.sha256, "MD5": promise.md5}
    came = {"length": received.size, "SHA-256": received.sha256, "MD5": received.md5}
    for what, value in said.items():
        if value is not None and value != came[what]:
            raise BadInput(
                f"The file did not arrive as it was sent: its {what} should be {value} and is "
                f"{came[what]}. Nothing was stored; send it again."
            )
