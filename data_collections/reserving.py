"""Set room aside for a file before it arrives, so that several at once cannot exceed a quota.

A file whose length nobody said takes room in steps as it grows. One owner's reservations are
made one after another; each is a row, so that they hold across processes, and one that its
process left behind is swept.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self

from django.db import transaction
from django.utils import timezone

from data_collections import quotas
from data_collections.models import Collection, Upload
from marketplace.accounts.models import Owner

STEP_BYTES: Final = 16 * 1024 * 1024
_TOUCH_SECONDS: Final = 60.0


class Reservation:
    """Room for one file. A context manager: leaving it gives the room back."""

    def __init__(self, collection: Collection, name: str, *, promised: int | None) -> None:
        """Take what was promised; raise OverQuota or TooLarge if it does not fit."""
        quotas.check_file_size(promised or 0)
        self._collection, self._name = collection, name
        self.upload = Upload(collection=collection, name=name, reserved=0)
        self._touched = time.monotonic()
        with one_after_another(collection):
            self._take(promised or 0, promised or 0)

    def check_size(self, size: int) -> None:
        """Go on if a file of the size so far fits, taking more room where that is needed."""
        quotas.check_file_size(size)
        if size > self.upload.reserved:
            with one_after_another(self._collection):
                self._take(size, size + (STEP_BYTES if size > STEP_BYTES else 0))
        elif time.monotonic() - self._touched > _TOUCH_SECONDS:
            self._touched = time.monotonic()
            Upload.objects.filter(pk=self.upload.pk).update(touched_at=timezone.now())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        del kind, error, traceback
        Upload.objects.filter(pk=self.upload.pk).delete()

    def _take(self, needed: int, wanted: int) -> None:
        """Set aside as much as is wanted, or as there is, but never less than is needed."""
        room = quotas.room_for(self._collection, self._name, but=self.upload.pk)
        quotas.check_room(needed, room, self._collection)
        self.upload.reserved = max(needed, min(wanted, room))
        self.upload.touched_at = timezone.now()
        self.upload.save()
        self._touched = time.monotonic()


@contextmanager
def one_after_another(collection: Collection) -> Iterator[None]:
    """A transaction in which nobody else reserves for the same owner."""
    with transaction.atomic():
        Owner.objects.select_for_update(no_key=True).get(pk=collection.owner_id)
        yield
