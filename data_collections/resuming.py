"""Upload a large file in pieces: each is checked when it comes, and a lost connection goes on.

The sender begins with the size, sends pieces in order with the offset of each, and asks for the
offset after anything went wrong. When the last byte is there the whole is checked and becomes
the file, at once or not at all. Until then it counts against the quota with its full size.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from data_collections import files, quotas
from data_collections.files import Promise
from data_collections.locating import collection_at
from data_collections.models import Collection, Upload
from data_collections.permissions import may_go_on_with, may_write_to
from data_collections.reserving import one_after_another
from data_collections.storage import Assembled, needing_the_disk
from data_collections.uris import DataPath
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import BadInput, Conflict, MarketplaceError, NotFound

PIECE_BYTES: Final = 8 * 1024 * 1024
PIECE_PREFIX: Final = "piece-"
LIFETIME: Final = timedelta(days=2)
"""How long an upload that nobody goes on with is kept, and holds its room."""

CHECK_PATIENCE: Final = timedelta(minutes=5)
"""After this silence somebody else may check: the process that did has died."""

MOST_AT_ONCE: Final = 50
_SHA256: Final = re.compile(r"[0-9a-f]{64}\Z")
_TOUCH_SECONDS: Final = 30.0


def begin(  # noqa: PLR0913 - what a sender says of a file
    path: DataPath,
    *,
    by: Actor,
    size: int,
    sha256: str = "",
    content_type: str = "",
    fingerprint: str = "",
) -> Upload:
    """Set the room aside, or refuse before a byte is sent."""
    if not path.is_file:
        raise BadInput(
            _("%(path)s is a folder; a file is put at data://owner/collection/file.")
            % {"path": path}
        )
    collection = collection_at(path, by)
    by.require(may_write_to, collection)
    if size < 0:
        raise BadInput(_("A file has zero bytes or more."))
    if sha256 and not _SHA256.match(sha256):
        raise BadInput(_("A SHA-256 is written as 64 digits of 0-9 and a-f."))
    quotas.check_file_size(size)
    with one_after_another(collection):
        ended = (Upload.State.STORED, Upload.State.FAILED)
        if collection.uploads.filter(is_resumable=True).exclude(state__in=ended).count() >= (
            MOST_AT_ONCE
        ):
            raise Conflict(
                _(
                    "%(collection)s has %(most_at_once)s unfinished uploads; finish or discard "
                    "some first."
                )
                % {"collection": collection, "most_at_once": MOST_AT_ONCE}
            )
        quotas.check_room(size, quotas.room_for(collection, path.file), collection)
        upload = Upload.objects.create(
            collection=collection,
            name=path.file,
            reserved=size,
            size=size,
            is_resumable=True,
            sha256=sha256,
            content_type=content_type[:100],
            fingerprint=fingerprint[:100],
            started_by_id=by.user_id,
            touched_at=timezone.now(),
        )
    return upload if size else _finished(upload)


def find(upload_id: UUID, *, by: Actor) -> Upload:
    """An upload that this actor may go on with; nobody else learns of it."""
    rows = Upload.objects.select_related("collection__owner").filter(
        pk=upload_id, is_resumable=True
    )
    upload = rows.first()
    if upload is None or not may_go_on_with(by, upload):
        raise NotFound(
            _("There is no such upload: it was finished, discarded or left for too long.")
        )
    return upload


def unfinished(collection: Collection, *, by: Actor) -> list[Upload]:
    """What the actor has begun here and can go on with, the newest first."""
    by.require(may_write_to, collection)
    rows = Upload.objects.select_related("collection__owner").filter(
        collection=collection, is_resumable=True, started_by=by.user_id
    )
    return list(rows.filter(state=Upload.State.ARRIVING).order_by("-created_at"))


def append(upload_id: UUID, piece: bytes, *, by: Actor, offset: int, sha256: str = "") -> Upload:
    """Keep one piece; with the last one the file is checked and put in its place."""
    upload = find(upload_id, by=by)
    by.require(may_go_on_with, upload)
    if len(piece) > PIECE_BYTES:
        raise BadInput(
            _("A piece may have %(piece_bytes)s bytes at most.") % {"piece_bytes": PIECE_BYTES}
        )
    if sha256 and hashlib.sha256(piece).hexdigest() != sha256.lower():
        raise BadInput(_("This piece did not arrive as it was sent; send it again."))
    with transaction.atomic():
        locked = Upload.objects.select_for_update(of=("self",)).get(pk=upload.pk)
        if locked.state != Upload.State.ARRIVING:
            raise Conflict(
                _("This upload is %(state)s already.")
                % {"state": locked.get_state_display().lower()}
            )
        if locked.offset != offset:
            raise Conflict(
                _("The next byte that is missing is %(offset)s, not %(sent)s.")
                % {"offset": locked.offset, "sent": offset}
            )
        if offset + len(piece) > locked.size:
            raise BadInput(
                _("The file has %(size)s bytes; this piece goes beyond its end.")
                % {"size": locked.size}
            )
        _write(locked, piece)
        locked.offset += len(piece)
        locked.touched_at = timezone.now()
        locked.save(update_fields=["offset", "touched_at"])
    locked.collection = upload.collection
    return _finished(locked) if locked.offset == locked.size else locked


def resume_check(upload_id: UUID, *, by: Actor) -> Upload:
    """Tell how far an upload is; check it if whoever was doing that has died."""
    upload = find(upload_id, by=by)
    by.require(may_go_on_with, upload)
    is_whole = upload.offset == upload.size and upload.state == Upload.State.ARRIVING
    is_left = (
        upload.state == Upload.State.CHECKING
        and upload.touched_at < timezone.now() - CHECK_PATIENCE
    )
    return _finished(upload) if is_whole or is_left else upload


def discard(upload_id: UUID, *, by: Actor) -> None:
    """Give an upload up, and its room back."""
    upload = find(upload_id, by=by)
    by.require(may_go_on_with, upload)
    if upload.state == Upload.State.CHECKING:
        raise Conflict(_("This upload is being checked; wait until it is stored, then delete it."))
    upload.delete()
    path_of(upload.pk).unlink(missing_ok=True)


def path_of(upload_id: UUID) -> Path:
    """Where the bytes that have arrived lie."""
    return Path(settings.FILE_UPLOAD_TEMP_DIR) / f"{PIECE_PREFIX}{upload_id}"


def _write(upload: Upload, piece: bytes) -> None:
    """Put the piece at its place: what a crash left beyond the offset is written over."""
    mode = "r+b" if upload.offset else "wb"
    with needing_the_disk(), path_of(upload.pk).open(mode, buffering=0) as file:
        file.seek(upload.offset)
        rest = memoryview(piece)
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())


def _finished(upload: Upload) -> Upload:
    """Check the whole and make it the file; one process does it, and says meanwhile that it does."""
    claimed = Upload.objects.filter(pk=upload.pk, state=upload.state, touched_at=upload.touched_at)
    now = timezone.now()
    if not claimed.update(state=Upload.State.CHECKING, touched_at=now):
        return Upload.objects.select_related("collection__owner").get(pk=upload.pk)
    path = path_of(upload.pk)
    try:
        path.touch()
        received = Assembled(path, progressed=_Pulse(upload.pk))
        promise = Promise(upload.size, upload.content_type, upload.sha256 or None)
        with received:
            kept = files.keep(received, promise, name=upload.name)
        files.link(upload.collection, upload.name, *kept, upload_id=upload.pk)
    except MarketplaceError as error:
        _close(upload, Upload.State.FAILED, error.message)
        raise
    finally:
        path.unlink(missing_ok=True)
    return _close(upload, Upload.State.STORED, "")


class _Pulse:
    """Says now and then that a long check goes on."""

    def __init__(self, upload_id: UUID) -> None:
        self._upload_id = upload_id
        self._last = time.monotonic()

    def __call__(self, size: int) -> None:
        del size
        if time.monotonic() - self._last > _TOUCH_SECONDS:
            self._last = time.monotonic()
            Upload.objects.filter(pk=self._upload_id).update(touched_at=timezone.now())


def _close(upload: Upload, state: Upload.State, error: str) -> Upload:
    """Remember for a while how it ended; it holds no room any more."""
    upload.state, upload.error, upload.reserved = state, error, 0
    upload.touched_at = timezone.now()
    upload.save(update_fields=["state", "error", "reserved", "touched_at"])
    return upload
