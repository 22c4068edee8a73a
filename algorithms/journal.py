"""One durable record of every call, written without slowing the answer.

A line is appended for this process when a call begins and another, before its answer is sent,
when it ends. The file is mapped into memory, so an append is a copy and no system call, and
what was copied survives the process being killed (not the machine losing power: the kernel
writes it out within seconds). A thread moves ended calls into the database twice a second, in
one statement, and then forgets the file. What a dead process left behind is replayed by the
next one to start: its ended calls are recorded as they ended, the others as interrupted.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import mmap
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import orjson
from django.conf import settings
from django.db import (
    DataError,
    IntegrityError,
    close_old_connections,
    connection,
    transaction,
)

from algorithms.models import Call
from billing import bills, reaping
from billing.bills import NOTHING, Bill, Charge

logger = logging.getLogger(__name__)

FLUSH_SECONDS: Final = 0.5
SEGMENT_BYTES: Final = 4 * 1024 * 1024
_BATCH: Final = 200
_PAUSE_SECONDS: Final = 0.002


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
    operation: str = ""
    bill: Bill | None = None


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
    price_microcredits: int = 0
    charge: Charge | None = None
    input_sha256: str = ""
    output_sha256: str = ""


Row = tuple[Begun, Ended]
"""A call that is over, as it began and as it ended."""


class Segment:
    """One file of lines, mapped into memory. The part not written to yet is zeros."""

    def __init__(self, path: Path, size: int = SEGMENT_BYTES) -> None:
        """Raise OSError if there is no room for it: the space is taken at once."""
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(file, 0, size)
            self._memory = mmap.mmap(file, size)
        except OSError:
            path.unlink()  # else its name would be taken when there is room again
            raise
        finally:
            os.close(file)
        self._end = 0

    def has_room(self, line: bytes) -> bool:
        return self._end + len(line) <= len(self._memory)

    def append(self, line: bytes) -> None:
        end = self._end + len(line)
        self._memory[self._end : end] = line
        self._end = end

    def close(self) -> None:
        self._memory.close()


class Journal:
    """The file of this process and the thread that empties it into the database."""

    def __init__(
        self, folder: Path, *, listener: Callable[[list[Row]], None] | None = None
    ) -> None:
        """`listener` hears of each batch that has been written to the database."""
        self.id = uuid4()
        self._all = folder
        self._folder = folder / self.id.hex
        self._listener = listener
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._open: dict[UUID, tuple[Begun, bytes]] = {}
        self._ended: list[Row] = []
        self._first_file = 0
        self._next_number = 0
        self._segment: Segment | None = None
        self._held = -1
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._folder.mkdir(parents=True)
        self._held = _hold(self._folder)
        self._new_segment()
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
        if self._segment is not None:
            self._segment.close()
        os.close(self._held)
        if not self._open:
            shutil.rmtree(self._folder, ignore_errors=True)

    def begin(self, call: Begun) -> None:
        line = orjson.dumps(call) + b"\n"
        with self._lock:
            self._append(line)
            self._open[call.id] = call, line

    def end(self, call: Ended) -> None:
        """Record the end of a call; returns when a killed process would no longer lose it."""
        line = orjson.dumps(call) + b"\n"
        with self._lock:
            self._append(line)
            begun = self._open.pop(call.id, None)
            if begun is not None:
                self._ended.append((begun[0], call))

    def withdraw(self, call_id: UUID) -> None:
        """Take a call back that was not run and will be begun again, under the same id."""
        with self._lock:
            self._append(orjson.dumps({"id": call_id, "withdrawn": True}) + b"\n")
            self._open.pop(call_id, None)

    def flush(self) -> None:
        """Move every ended call into the database."""
        with self._flushing:
            ended, segment = self._take()
            try:
                if ended:
                    self._store_in_turns(ended)
            except Exception:
                with self._lock:  # tried again with the next flush; the file still has them
                    self._ended[:0] = ended
                raise
            for number in range(self._first_file, segment):
                self._path(number).unlink(missing_ok=True)
            self._first_file = max(self._first_file, segment)

    def _take(self) -> tuple[list[Row], int]:
        """Begin a new file and give what ended until now, with the number of that file.

        Where there is no room for one, what ended stays for the next time.
        """
        with self._lock:
            first_kept = self._next_number
            if not self._ended:
                return [], 0
            self._new_segment()
            for _, line in self._open.values():
                self._append(line)
            ended, self._ended = self._ended, []
            return ended, first_kept

    def _append(self, line: bytes) -> None:
        if self._segment is None or not self._segment.has_room(line):
            self._new_segment()
        if self._segment is not None:
            self._segment.append(line)

    def _new_segment(self) -> None:
        """Go on in a new file; the old one stays until what ended in it is in the database."""
        segment = Segment(self._path(self._next_number))
        self._next_number += 1
        if self._segment is not None:
            self._segment.close()
        self._segment = segment

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:09d}.jsonl"

    def _run(self) -> None:
        while not self._stopping.wait(FLUSH_SECONDS):
            try:
                close_old_connections()
                self.flush()
            except Exception:
                logger.exception("Calls could not be recorded yet; they stay in the journal")
        connection.close()

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
                    self._store(list(_rows(lines)))
                    with contextlib.suppress(ValueError):  # a folder that no journal has made
                        reaping.release(UUID(hex=folder.name))
                    shutil.rmtree(folder)
                finally:
                    os.close(held)

    def _store_in_turns(self, ended: list[Row]) -> None:
        """A little at a time: calls wait for the interpreter while rows are made."""
        for start in range(0, len(ended), _BATCH):
            if start:
                time.sleep(_PAUSE_SECONDS)
            _insert_what_can_be(ended[start : start + _BATCH])
        self._tell(ended)

    def _store(self, rows: list[Row]) -> None:
        for start in range(0, len(rows), _BATCH):
            _insert_what_can_be(rows[start : start + _BATCH])
        self._tell(rows)

    def _tell(self, rows: list[Row]) -> None:
        if self._listener is not None and rows:
            self._listener(rows)


def open_journal(listener: Callable[[list[Row]], None] | None = None) -> Journal:
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
    for line in path.read_bytes().rstrip(b"\0").splitlines():
        with contextlib.suppress(orjson.JSONDecodeError):
            orjson.loads(line)
            yield line


def _rows(lines: list[bytes]) -> Iterator[Row]:
    """Join the lines of each call of a dead process; what has no end was interrupted."""
    begun: dict[UUID, Begun] = {}
    ended: dict[UUID, Ended] = {}
    for line in lines:
        entry = orjson.loads(line)
        call_id = UUID(entry["id"])
        if "withdrawn" in entry:
            begun.pop(call_id, None)
        elif "started_at" in entry:
            bill = bills.read(entry.pop("bill", None))
            begun[call_id] = Begun(**_with_ids(entry), bill=bill)
        else:
            charge = entry.pop("charge", None)
            ended[call_id] = Ended(**_with_ids(entry), charge=Charge(**charge) if charge else None)
    for call_id, call in begun.items():
        yield call, ended.get(call_id) or _interrupted(call_id)


def _with_ids(entry: dict[str, Any]) -> dict[str, Any]:
    return entry | {name: UUID(entry[name]) for name in _UUIDS & entry.keys() if entry[name]}


def _interrupted(call_id: UUID) -> Ended:
    message = "The server stopped while the call was running; nothing was charged."
    result = Call.Result.INTERRUPTED.value
    return Ended(
        call_id, result, 0, error_type="SystemError", error_message=message, charge=NOTHING
    )


def _insert_what_can_be(rows: list[Row]) -> None:
    """Let no row that the database will never take keep all others out of it."""
    try:
        text = _text(rows)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_statement(connection.vendor), [text])
            bills.write(rows, text)
    except (DataError, IntegrityError):
        if len(rows) == 1:
            logger.exception("A call cannot be recorded and is given up: %s", rows[0])
            return
        for row in rows:
            _insert_what_can_be([row])


def _text(rows: list[Row]) -> str:
    """The rows as one JSON array of {"b": Begun, "e": Ended}."""
    return orjson.dumps([{"b": begun, "e": ended} for begun, ended in rows]).decode()


@cache
def _statement(vendor: str) -> str:
    """SQL that inserts the rows of one JSON array which are not there yet.

    The database takes the JSON apart, not we: a thread that made thousands of rows a second
    would take the interpreter from the calls in progress.
    """
    columns = {field.attname: field for field in Call._meta.concrete_fields}  # noqa: SLF001
    sources = dict.fromkeys(_BEGUN, "b") | dict.fromkeys(_ENDED, "e")
    value = _postgresql if vendor == "postgresql" else _sqlite
    listed = ", ".join(connection.ops.quote_name(str(columns[name].column)) for name in sources)
    chosen = ", ".join(
        value(source, name, columns[name].db_type(connection) or "")
        for name, source in sources.items()
    )
    table = connection.ops.quote_name(Call._meta.db_table)  # noqa: SLF001
    each = "jsonb_array_elements(%s::jsonb)" if vendor == "postgresql" else "json_each(%s)"
    return (
        f"INSERT INTO {table} ({listed}) SELECT {chosen} FROM {each} AS row "  # noqa: S608
        "WHERE true ON CONFLICT DO NOTHING"
    )


_BEGUN: Final = [field.name for field in fields(Begun) if field.name != "bill"]
_ON_THE_BILL: Final = ("charge", "input_sha256", "output_sha256")
_ENDED: Final = [field.name for field in fields(Ended)[1:] if field.name not in _ON_THE_BILL]
_UUIDS: Final = frozenset(name for name in _BEGUN if name == "id" or name.endswith("_id"))


def _postgresql(source: str, name: str, kind: str) -> str:
    text = f"row.value->'{source}'->>'{name}'"
    if name == "started_at":
        return f"to_timestamp(({text})::float8)"
    return f"({text})::{kind}"


def _sqlite(source: str, name: str, _kind: str) -> str:
    value = f"json_extract(row.value, '$.{source}.{name}')"
    if name == "started_at":  # as Django writes it: with six digits
        return f"strftime('%%Y-%%m-%%d %%H:%%M:%%f', {value}, 'unixepoch') || '000'"
    return f"replace({value}, '-', '')" if name in _UUIDS else value
