"""Remove what was only meant to stay for a while, and bytes that nobody points at."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from data_collections import storage
from data_collections.collecting import empty
from data_collections.models import Collection, DataFile

TEMPORARY: Final = timedelta(days=1)
SESSION: Final = timedelta(hours=1)
"""A session begins during its call, and no call lasts longer than fifty minutes."""
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
    }


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
