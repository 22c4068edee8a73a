"""Remove what was only meant to stay for a while, and bytes that nobody points at."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Final

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from data_collections import resuming, storage
from data_collections.collecting import empty
from data_collections.models import Collection, Connector, DataFile, Upload

TEMPORARY: Final = timedelta(days=1)
SESSION: Final = timedelta(hours=1)
"""A session begins during its call, and no call lasts longer than fifty minutes."""
ENDED: Final = timedelta(hours=1)
"""How long the sender of a resumable upload can ask how it ended."""
BYTES_GRACE: Final = timedelta(hours=3)
"""Longer than bytes that were received may take to reach S3 and a row that keeps them."""


@shared_task(name="data_collections.sweeping.sweep")
def sweep() -> dict[str, int]:
    """Remove all that is due; safe to run at any time and twice at once."""
    now = timezone.now()
    return {
        "sessions": _remove_sessions(),
        "temporary_files": _remove_temporary_files(),
        "blobs": storage.remove_unreferenced(not_wanted_since=now - BYTES_GRACE),
        "uploads": storage.remove_abandoned_uploads(older_than=now - BYTES_GRACE),
        "reservations": _give_room_back(),
        "connectors": Connector.objects.filter(owner__closed_at__isnull=False).delete()[0],
    }


def _give_room_back() -> int:
    """Forget uploads that have ended or that nobody goes on with, and their pieces."""
    now = timezone.now()
    left = Q(is_resumable=True, touched_at__lt=now - resuming.LIFETIME)
    died = Q(is_resumable=False, touched_at__lt=now - BYTES_GRACE)
    ended = Q(state__in=(Upload.State.STORED, Upload.State.FAILED), touched_at__lt=now - ENDED)
    gone = list(Upload.objects.filter(left | died | ended).values_list("pk", flat=True))
    Upload.objects.filter(pk__in=gone).delete()
    for path in Path(settings.FILE_UPLOAD_TEMP_DIR).glob(f"{resuming.PIECE_PREFIX}*"):
        upload_id = path.name.removeprefix(resuming.PIECE_PREFIX)
        if not Upload.objects.filter(pk=upload_id).exists():
            path.unlink(missing_ok=True)
    return len(gone)


@transaction.atomic
def _remove_sessions() -> int:
    ended = timezone.now() - SESSION
    sessions = Collection.objects.filter(store=Collection.Store.SESSION, created_at__lt=ended)
    for session in sessions:
        empty(session)
    return sessions.delete()[1].get("collections.Collection", 0)


@transaction.atomic
def _remove_temporary_files() -> int:
    files = DataFile.objects.filter(
        collection__store=Collection.Store.ALGORITHM_TEMP,
        modified_at__lt=timezone.now() - TEMPORARY,
    )
    storage.let_go(files.values_list("blob_id", flat=True))
    return files.delete()[0]
