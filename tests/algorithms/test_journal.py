from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import orjson
import pytest
from django.db import connections

from algorithms.journal import Begun, Ended, Journal
from algorithms.models import Call

pytestmark = pytest.mark.django_db(transaction=True)


def _begun(call_id: UUID) -> Begun:
    return Begun(
        id=call_id,
        root_id=call_id,
        parent_id=None,
        depth=0,
        caller_id=None,
        key_id=None,
        algorithm_id=uuid4(),
        version_id=None,
        build_id=uuid4(),
        input_bytes=12,
        is_async=False,
        started_at=time.time(),
    )


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path)
    journal.start()
    yield journal
    journal.stop()


def test_an_ended_call_becomes_one_row_with_what_is_known_of_it(journal: Journal) -> None:
    call_id = uuid4()

    journal.begin(_begun(call_id))
    journal.end(Ended(id=call_id, result="succeeded", total_us=900, run_us=700, output_kind="json"))
    journal.flush()

    call = Call.objects.get()
    assert (call.pk, call.result, call.run_us, call.input_bytes) == (call_id, "succeeded", 700, 12)


def test_a_call_still_running_is_not_recorded_yet_and_not_lost_by_a_flush(
    journal: Journal, tmp_path: Path
) -> None:
    running, ended = uuid4(), uuid4()

    journal.begin(_begun(running))
    journal.begin(_begun(ended))
    journal.end(Ended(id=ended, result="failed", total_us=1))
    journal.flush()

    assert list(Call.objects.values_list("pk", flat=True)) == [ended]
    left = b"".join(path.read_bytes() for path in tmp_path.glob("*/*.jsonl"))
    assert str(running).encode() in left
    assert str(ended).encode() not in left


def test_a_call_taken_back_leaves_no_row_and_may_be_begun_again(journal: Journal) -> None:
    call_id = uuid4()

    journal.begin(_begun(call_id))
    journal.withdraw(call_id)
    journal.flush()
    journal.begin(_begun(call_id))
    journal.end(Ended(id=call_id, result="succeeded", total_us=1))
    journal.flush()

    assert list(Call.objects.values_list("pk", "result")) == [(call_id, "succeeded")]


def test_a_call_taken_back_by_a_killed_process_is_not_recorded(tmp_path: Path) -> None:
    folder = tmp_path / "dead"
    folder.mkdir()
    call_id = uuid4()
    begun = orjson.dumps(_begun(call_id)) + b"\n"
    withdrawn = orjson.dumps({"id": call_id, "withdrawn": True}) + b"\n"
    (folder / "000000000.jsonl").write_bytes(begun + withdrawn + bytes(100))

    journal = Journal(tmp_path)
    journal.start()
    journal.stop()

    assert not Call.objects.exists()


def test_flushing_twice_records_once(journal: Journal) -> None:
    call_id = uuid4()
    journal.begin(_begun(call_id))
    journal.end(Ended(id=call_id, result="succeeded", total_us=1))

    journal.flush()
    journal.flush()

    assert Call.objects.count() == 1


def _write_and_wait_to_be_killed(folder: Path, running: UUID, ended: UUID) -> None:
    connections.close_all()
    journal = Journal(folder)
    journal.start()
    journal._stopping.set()  # this process is killed before its thread can flush
    journal.begin(_begun(running))
    journal.begin(_begun(ended))
    journal.end(Ended(id=ended, result="succeeded", total_us=5))
    (folder / "ready").touch()
    time.sleep(60)


def test_what_a_killed_process_acknowledged_is_recorded_by_the_next(tmp_path: Path) -> None:
    running, ended = uuid4(), uuid4()
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_write_and_wait_to_be_killed, args=(tmp_path, running, ended))
    process.start()
    deadline = time.monotonic() + 60
    while not (tmp_path / "ready").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()

    successor = Journal(tmp_path)
    successor.start()
    successor.stop()

    results = dict(Call.objects.values_list("pk", "result"))
    assert results == {running: "interrupted", ended: "succeeded"}
    assert "nothing was charged" in Call.objects.get(pk=running).error_message


def test_a_journal_of_a_living_process_is_left_alone(journal: Journal, tmp_path: Path) -> None:
    call_id = uuid4()
    journal.begin(_begun(call_id))

    other = Journal(tmp_path)
    other.start()
    other.stop()

    assert not Call.objects.exists()
    journal.end(Ended(id=call_id, result="succeeded", total_us=1))
    journal.flush()
    assert Call.objects.get().result == "succeeded"


def test_a_line_cut_off_by_the_end_of_the_process_is_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "dead"
    folder.mkdir()
    (folder / "000000000.jsonl").write_bytes(b'{"id":"cut o')

    journal = Journal(tmp_path)
    journal.start()
    journal.stop()

    assert not Call.objects.exists()
    assert not folder.exists()


def test_a_call_that_no_database_takes_keeps_no_other_out(
    journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = uuid4(), uuid4()
    for call_id, total_us in ((bad, -1), (good, 1)):
        journal.begin(_begun(call_id))
        journal.end(Ended(id=call_id, result="succeeded", total_us=total_us))

    journal.flush()

    assert list(Call.objects.values_list("pk", flat=True)) == [good]
    assert str(bad) in caplog.text


def test_what_ended_on_a_full_disk_is_recorded_when_there_is_room_again(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = uuid4(), uuid4()
    journal.begin(_begun(before))
    journal.end(Ended(id=before, result="succeeded", total_us=1))
    with monkeypatch.context() as full:
        full.setattr(os, "posix_fallocate", _no_space)
        with pytest.raises(OSError, match="No space"):
            journal.flush()

    journal.begin(_begun(after))
    journal.end(Ended(id=after, result="succeeded", total_us=1))
    journal.flush()

    assert set(Call.objects.values_list("pk", flat=True)) == {before, after}


def _no_space(*_: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")
