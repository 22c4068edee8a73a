"""Texts that grow while somebody reads: kept in the database in pieces, read from any offset.

Offsets count characters. Whoever follows a log is woken through the channel layer, but what
is true is what the database holds, so a lost message costs a moment and nothing else.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.db import models, transaction
from django.db.models.functions import Length

from marketplace.lib import live

MAX_CHARACTERS: Final = 2_000_000
MAX_LINE: Final = 20_000
READ_AT_ONCE: Final = 200_000
BURST: Final = 1_000_000
"""So many characters a log with a pace may get at once, after a time in which it got few."""

_LEFT_OUT: Final = "… {} characters are left out here: more than {} a second were printed.\n"


@dataclass(frozen=True)
class GrowingLog:
    """The logs of one kind of thing, each in rows with `offset` and `text`."""

    chunks: type[models.Model]
    subject: str  # the field that names whose log it is; also the first word of its group
    cut: str = ""
    """What is said where a log ends that became too long; if empty, its oldest part goes."""

    pace: int = 0
    """How many characters a second it may get from one writer for long; 0 is as many as come."""

    def group(self, subject_id: UUID) -> str:
        """The Channels group that hears when a log grows or its subject changes."""
        return f"{self.subject}.{subject_id}"

    def append(self, subject_id: UUID, text: str) -> int:
        """Add text to a log and wake who follows it; give the offset of its new end."""
        clean = _clean(text)
        with transaction.atomic():
            self._lock(subject_id)
            start = self.end(subject_id)
            if clean and (start < MAX_CHARACTERS or not self.cut):
                kept = self._fitting(clean, start)
                self._add(subject_id, start, kept)
                start += len(kept)
            if not self.cut:
                old = self._of(subject_id).filter(offset__lt=start - MAX_CHARACTERS)
                old.delete()
        self.wake(subject_id)
        return start

    def close(self, subject_id: UUID, text: str) -> None:
        """Add the last words of a log, which are kept however long it has become."""
        with transaction.atomic():
            self._lock(subject_id)
            self._add(subject_id, self.end(subject_id), _clean(text))
        self.wake(subject_id)

    def read(self, subject_id: UUID, *, after: int = 0) -> tuple[str, int]:
        """Give the text from an offset on, and the offset of its end.

        A long log comes in pieces: read again from the new offset until nothing comes.
        """
        chunks = self._of(subject_id).order_by("offset")
        first = chunks.filter(offset__lte=after).order_by("-offset").first()
        start = 0 if first is None else first.offset
        pieces: list[str] = []
        size, end = 0, 0
        for chunk in chunks.filter(offset__gte=start).iterator(chunk_size=50):
            text = chunk.text[max(0, after - chunk.offset) :]
            pieces.append(text)
            size += len(text)
            end = chunk.offset + len(chunk.text)
            if size >= READ_AT_ONCE:
                break
        return "".join(pieces), end if size else min(after, self.end(subject_id))

    def whole(self, subject_id: UUID) -> str:
        """A log from its first to its last character."""
        chunks = self._of(subject_id).order_by("offset")
        return "".join(chunks.values_list("text", flat=True))

    def last_lines(self, subject_id: UUID, count: int) -> str:
        text, _ = self.read(subject_id, after=max(0, self.end(subject_id) - MAX_LINE))
        return "\n".join(text.splitlines()[-count:])

    def end(self, subject_id: UUID) -> int:
        """How many characters a log has had until now."""
        chunks = self._of(subject_id).order_by("-offset")
        last = chunks.annotate(size=Length("text")).values_list("offset", "size").first()
        return 0 if last is None else last[0] + last[1]

    def wake(self, subject_id: UUID) -> None:
        """Tell who follows it that there is news, once it is there to be read."""
        message: dict[str, object] = {"type": f"{self.subject}.changed"}
        transaction.on_commit(partial(live.notify, self.group(subject_id), message))

    def _of(self, subject_id: UUID) -> models.QuerySet[Any]:
        manager: models.Manager[Any] = self.chunks._default_manager  # noqa: SLF001 - Django's word
        return manager.filter(**{f"{self.subject}_id": subject_id})

    def _lock(self, subject_id: UUID) -> None:
        """Let one after the other write: each begins where the one before has ended."""
        subjects = self.chunks._meta.get_field(self.subject).related_model  # noqa: SLF001 - Django's
        rows: models.QuerySet[Any] = models.QuerySet(subjects)
        rows.select_for_update(no_key=True).filter(pk=subject_id).values_list("pk").first()

    def _add(self, subject_id: UUID, offset: int, text: str) -> None:
        self._of(subject_id).create(**{f"{self.subject}_id": subject_id}, offset=offset, text=text)

    def _fitting(self, clean: str, start: int) -> str:
        if not self.cut:
            return clean
        fits = clean[: MAX_CHARACTERS - start]
        return fits if len(fits) == len(clean) else fits + self.cut


class Writer:
    """Collects lines from one thread for another to store, a few times a second.

    Where a log has a pace, what comes faster is left out, but for the last lines of it.
    """

    def __init__(
        self, log: GrowingLog, subject_id: UUID, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._log = log
        self._subject_id = subject_id
        self._clock = clock
        self._waiting: list[str] = []
        self._size = 0
        self._allowed = float(BURST)
        self._counted_at = clock()
        self._late: deque[str] = deque()  # the last lines of what came too fast
        self._late_size = 0
        self._left_out = 0
        self._is_quiet = True
        self._lock = threading.Lock()

    def write(self, line: str) -> None:
        """Take a line; what could not be kept anyway is forgotten at once."""
        kept = line[:MAX_LINE].rstrip("\n") + "\n"
        with self._lock:
            if self._log.pace and not self._keeps_pace(len(kept)):
                self._leave_out(kept)
            elif self._size <= MAX_CHARACTERS:
                self._catch_up()
                self._take(kept)

    @property
    def has_lines(self) -> bool:
        return bool(self._waiting or self._late)

    def flush(self) -> None:
        """Store what has come since the last time; what could not be stored waits on."""
        with self._lock:
            if self._is_quiet and self._size <= MAX_CHARACTERS:
                self._catch_up()
            self._is_quiet = True
            waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        try:
            self._log.append(self._subject_id, "".join(waiting))
        except BaseException:
            with self._lock:
                self._waiting = waiting + self._waiting
            raise
        if not self._log.cut:
            with self._lock:
                self._size -= sum(map(len, waiting))

    def _take(self, line: str) -> None:
        self._waiting.append(line)
        self._size += len(line)
        self._allowed -= len(line)

    def _keeps_pace(self, size: int) -> bool:
        """Whether so much more may come now; once it was too much, only after a second's rest."""
        now, pace = self._clock(), self._log.pace
        self._allowed = min(BURST, self._allowed + (now - self._counted_at) * pace)
        self._counted_at = now
        is_full = self._size > MAX_CHARACTERS
        return not is_full and self._allowed >= (pace if self._late else size)

    def _leave_out(self, line: str) -> None:
        self._is_quiet = False
        self._late.append(line)
        self._late_size += len(line)
        while self._late_size > MAX_LINE + 1:
            first = len(self._late.popleft())
            self._late_size -= first
            self._left_out += first

    def _catch_up(self) -> None:
        """Say how much was left out, and take the last lines of it."""
        if self._left_out:
            self._take(_LEFT_OUT.format(self._left_out, self._log.pace))
        for line in self._late:
            self._take(line)
        self._late.clear()
        self._late_size = self._left_out = 0


def _clean(text: str) -> str:
    """Without what a database or a socket cannot carry."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
