"""What a build prints: kept in the database in the order it came, read from any offset.

Offsets count characters. Whoever follows a log is woken through the channel layer, but what
is true is what the database holds, so a lost message costs a moment and nothing else.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Length

from algorithms.models import BuildLogChunk
from marketplace.lib import live

MAX_CHARACTERS: Final = 2_000_000
MAX_LINE: Final = 20_000
READ_AT_ONCE: Final = 200_000
_CUT: Final = (
    f"… The log is cut here: it has more than {MAX_CHARACTERS} characters. The build goes on.\n"
)


def group(build_id: UUID) -> str:
    """The Channels group that hears when a build's log grows or its state changes."""
    return f"build.{build_id}"


def append(build_id: UUID, text: str) -> int:
    """Add text to a log and wake who follows it; give the offset of its new end."""
    clean = _clean(text)
    with transaction.atomic():
        start = end(build_id)
        if start < MAX_CHARACTERS and clean:
            fits = clean[: MAX_CHARACTERS - start]
            kept = fits if len(fits) == len(clean) else fits + _CUT
            BuildLogChunk.objects.create(build_id=build_id, offset=start, text=kept)
            start += len(kept)
    wake(build_id)
    return start


def close(build_id: UUID, text: str) -> None:
    """Add the last words of a log, which are kept however long it has become."""
    with transaction.atomic():
        start = end(build_id)
        BuildLogChunk.objects.create(build_id=build_id, offset=start, text=_clean(text))
    wake(build_id)


def read(build_id: UUID, *, after: int = 0) -> tuple[str, int]:
    """Give the text from an offset on, and the offset of its end.

    A long log comes in pieces: read again from the new offset until nothing comes.
    """
    chunks = BuildLogChunk.objects.filter(build_id=build_id).order_by("offset")
    first = chunks.filter(offset__lte=after).order_by("-offset").first()
    start = 0 if first is None else first.offset
    pieces: list[str] = []
    size = 0
    for chunk in chunks.filter(offset__gte=start).iterator(chunk_size=50):
        text = chunk.text[max(0, after - chunk.offset) :]
        pieces.append(text)
        size += len(text)
        if size >= READ_AT_ONCE:
            break
    return "".join(pieces), after + size if size else min(after, end(build_id))


def whole(build_id: UUID) -> str:
    """A log from its first to its last character."""
    chunks = BuildLogChunk.objects.filter(build_id=build_id).order_by("offset")
    return "".join(chunks.values_list("text", flat=True))


def end(build_id: UUID) -> int:
    """How many characters a log has."""
    chunks = BuildLogChunk.objects.filter(build_id=build_id).order_by("-offset")
    last = chunks.annotate(size=Length("text")).values_list("offset", "size").first()
    return 0 if last is None else last[0] + last[1]


def wake(build_id: UUID) -> None:
    """Tell who follows the build that there is news, once it is there to be read."""
    message: dict[str, object] = {"type": "build.changed"}
    transaction.on_commit(partial(live.notify, group(build_id), message))


class Writer:
    """Collects lines from one thread for another to store, a few times a second."""

    def __init__(self, build_id: UUID) -> None:
        self._build_id = build_id
        self._waiting: list[str] = []
        self._size = 0
        self._lock = threading.Lock()

    def write(self, line: str) -> None:
        """Take a line; what could not be kept anyway is forgotten at once."""
        kept = line[:MAX_LINE].rstrip("\n") + "\n"
        with self._lock:
            if self._size <= MAX_CHARACTERS:
                self._waiting.append(kept)
                self._size += len(kept)

    @property
    def has_lines(self) -> bool:
        return bool(self._waiting)

    def flush(self) -> None:
        """Store what has come since the last time; what could not be stored waits on."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        try:
            append(self._build_id, "".join(waiting))
        except BaseException:
            with self._lock:
                self._waiting = waiting + self._waiting
            raise


def _clean(text: str) -> str:
    """Without what a database or a socket cannot carry."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
