"""One durable record of every call, written without slowing the answer.

A line goes to a file of this process when a call begins and another, before its answer is
sent, when it ends: two appends that survive the process being killed. A thread moves ended
calls into the database twice a second, in one statement, and then forgets the file. What a
dead process left behind is replayed by the next one to start: its ended calls are recorded
as they ended, the others as interrupted.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import orjson
from django.conf import settings
from django.db import close_old_connections

from algorithms.models import Call

logger = logging.getLogger(__name__)

FLUSH_SECONDS: Final = 0.5
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Begun:
    """What is known of a call before it runs."""

    id: UUID
    root_id: UUID
    parent_id: UUID | None
    depth: int
    caller_id: UUID | None
    key_id: UUID | None
    algorithm_id: UUID
    version_id: UUID | None
    build_id: UUID
    input_bytes: int
    is_async: bool
    started_at: float  # seconds since 1970


@dataclass(frozen=True, slots=True)
class Ended:
    """How it went."""

    id: UUID
    result: str
    total_us: int
    queue_us: int = 0
    start_us: int = 0
    load_us: int = 0
    run_us: int = 0
    output_bytes: int = 0
    output_kind: str = ""
    error_type: str = ""
    error_message: str = ""
    runner: str = ""


class Journal:
    """The file of this process and the thread that empties it into the database."""

    def __init__(
        self, folder: Path, *, listener: Callable[[list[Call]], None] | None = None
    ) -> None:
        """`listener` hears of each batch that has been written to the database."""
        self._all = folder
        self._folder = folder / uuid4().hex
        self._listener = listener
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._open: dict[UUID, bytes] = {}
        self._ended: list[bytes] = []
        self._segment = 0
        self._file = -1
        self._held = -1
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._folder.mkdir(parents=True)
        self._held = _hold(self._folder)
        self._file = self._new_segment()
        self._replay()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write down what is left; calls still open become interrupted at the next start."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self.flush()
            self._thread = None
        os.close(self._file)
        os.close(self._held)
        if not self._open:
            shutil.rmtree(self._folder, ignore_errors=True)

    def begin(self, call: Begun) -> None:
        line = orjson.dumps(call) + b"\n"
        with self._lock:
            self._open[call.id] = line
            os.write(self._file, line)

    def end(self, call: Ended) -> None:
        """Record the end of a call; returns when a killed process would no longer lose it."""
        line = orjson.dumps(call) + b"\n"
        with self._lock:
            os.write(self._file, line)
            begun = self._open.pop(call.id, b"")
            self._ended.append(begun + line)

    def flush(self) -> None:
        """Move every ended call into the database."""
        with self._flushing:
            ended, segment = self._take()
            try:
                if ended:
                    self._store(list(_calls(b"".join(ended).splitlines())))
            except Exception:
                with self._lock:  # tried again with the next flush; the file still has them
                    self._ended[:0] = ended
                raise
            for number in range(segment):
                self._path(number).unlink(missing_ok=True)

    def _take(self) -> tuple[list[bytes], int]:
        """Begin a new file and give what ended until now, with the number of that file."""
        with self._lock:
            ended, self._ended = self._ended, []
            if ended:
                os.close(self._file)
                self._file = self._new_segment()
                os.write(self._file, b"".join(self._open.values()))
            return ended, self._segment - 1

    def _new_segment(self) -> int:
        number, self._segment = self._segment, self._segment + 1
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        return os.open(self._path(number), flags, 0o600)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:09d}.jsonl"

    def _run(self) -> None:
        while not self._stopping.wait(FLUSH_SECONDS):
            try:
                close_old_connections()
                self.flush()
            except Exception:
                logger.exception("Calls could not be recorded yet; they stay in the journal")

    def _replay(self) -> None:
        """Take over what processes that are gone have left."""
        for folder in self._all.iterdir():
            if folder == self._folder or not folder.is_dir():
                continue
            with contextlib.suppress(BlockingIOError, FileNotFoundError):
                held = _hold(folder)
                try:
                    lines = [
                        line for path in sorted(folder.glob("*.jsonl")) for line in _lines(path)
                    ]
                    self._store(list(_calls(lines, interrupted=True)))
                    shutil.rmtree(folder)
                finally:
                    os.close(held)

    def _store(self, calls: list[Call]) -> None:
        Call.objects.bulk_create(calls, batch_size=_BATCH, ignore_conflicts=True)
        if self._listener is not None and calls:
            self._listener(calls)


def open_journal(listener: Callable[[list[Call]], None] | None = None) -> Journal:
    return Journal(Path(settings.DATA_DIR) / "journal", listener=listener)


def _hold(folder: Path) -> int:
    """Lock a journal folder for as long as this process lives; BlockingIOError if another holds it."""
    held = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        raise
    return held


def _lines(path: Path) -> Iterator[bytes]:
    """Whole lines only: the last one may have been cut off by the end of the process."""
    content = path.read_bytes()
    yield from content[: content.rfind(b"\n") + 1].splitlines()


def _calls(lines: list[bytes], *, interrupted: bool = False) -> Iterator[Call]:
    """Join the lines of each call into one row."""
    begun: dict[str, dict[str, Any]] = {}
    ended: dict[str, dict[str, Any]] = {}
    for line in lines:
        entry = orjson.loads(line)
        (begun if "started_at" in entry else ended)[entry["id"]] = entry
    for call_id, entry in begun.items():
        entry["started_at"] = datetime.fromtimestamp(entry["started_at"], tz=UTC)
        outcome = ended.get(call_id)
        if outcome is not None:
            yield Call(**{**entry, **outcome})
        elif interrupted:
            message = "The server stopped while the call was running; nothing was charged."
            result = Call.Result.INTERRUPTED
            yield Call(**entry, result=result, error_type="SystemError", error_message=message)


def now() -> float:
    return time.time()
