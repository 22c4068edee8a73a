"""What a build prints is kept in order, read from any offset, and bounded."""

from __future__ import annotations

import threading
from uuid import UUID, uuid4

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from algorithms import build_logs, growing_logs
from algorithms.build_logs import Writer
from algorithms.growing_logs import GrowingLog
from algorithms.models import Build, BuildLogChunk
from tests.factories import BuildFactory


@pytest.fixture
def build(db: None) -> Build:
    made: Build = BuildFactory.create()
    return made


def read_all(build: Build, *, after: int = 0) -> str:
    pieces: list[str] = []
    while True:
        text, after = build_logs.read(build.pk, after=after)
        if not text:
            return "".join(pieces)
        pieces.append(text)


def test_text_is_read_from_any_offset(build: Build) -> None:
    for line in ("one\n", "zwö 🎈\n", "three\n"):
        build_logs.append(build.pk, line)
    whole = "one\nzwö 🎈\nthree\n"

    for offset in range(len(whole) + 1):
        assert build_logs.read(build.pk, after=offset) == (whole[offset:], len(whole))
    assert build_logs.read(build.pk, after=999) == ("", len(whole))
    assert build_logs.whole(build.pk) == whole


def test_long_log_is_read_in_pieces(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing_logs, "READ_AT_ONCE", 10)
    for number in range(20):
        build_logs.append(build.pk, f"{number:04}\n")

    text, offset = build_logs.read(build.pk)

    assert (text, offset) == ("0000\n0001\n", 10)
    assert read_all(build) == build_logs.whole(build.pk)


def test_log_over_its_limit_is_cut_with_a_note_and_keeps_its_last_words(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growing_logs, "MAX_CHARACTERS", 20)
    for _ in range(10):
        build_logs.append(build.pk, "12345678\n")
    build_logs.close(build.pk, "It failed.\n")

    log = build_logs.whole(build.pk)

    assert log.startswith("12345678\n12345678\n12")
    assert log.count("The log is cut here") == 1
    assert log.endswith("It failed.\n")
    assert BuildLogChunk.objects.count() == 4


def test_what_a_database_cannot_hold_is_left_out(build: Build) -> None:
    build_logs.append(build.pk, "a\0b\udcffc\n")

    assert build_logs.whole(build.pk) == "ab?c\n"


def test_writer_stores_lines_when_it_is_told_and_cuts_endless_ones(build: Build) -> None:
    writer = Writer(build.pk)
    writer.write("one")
    writer.write("x" * 100_000)
    assert build_logs.whole(build.pk) == ""

    writer.flush()
    writer.flush()

    first, second = build_logs.whole(build.pk).splitlines()
    assert (first, len(second)) == ("one", growing_logs.MAX_LINE)
    assert BuildLogChunk.objects.count() == 1


def test_lines_that_could_not_be_stored_wait_for_the_next_time(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer(build.pk)
    writer.write("one")

    def refuse(*_: object) -> int:
        raise OSError("away")

    with monkeypatch.context() as broken:
        broken.setattr(growing_logs.GrowingLog, "append", refuse)
        with pytest.raises(OSError, match="away"):
            writer.flush()
    writer.write("two")

    writer.flush()

    assert build_logs.whole(build.pk) == "one\ntwo\n"


@pytest.mark.django_db
@given(st.lists(st.text(max_size=30), max_size=8), st.integers(0, 100))
def test_pieces_always_make_the_whole(texts: list[str], after: int) -> None:
    build = BuildFactory.create()
    for text in texts:
        build_logs.append(build.pk, text)

    assert read_all(build, after=after) == build_logs.whole(build.pk)[after:]


def test_writer_keeps_no_more_than_a_log_may_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing_logs, "MAX_CHARACTERS", 1000)
    writer = Writer(uuid4())

    for _ in range(10_000):
        writer.write("a program that never stops printing")

    assert 1000 < sum(map(len, writer._waiting)) < 2000


def test_writer_of_a_log_with_a_pace_leaves_out_what_comes_too_fast_but_for_the_last_lines(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growing_logs, "BURST", 500)
    monkeypatch.setattr(growing_logs, "MAX_LINE", 99)
    now = 0.0
    writer = growing_logs.Writer(
        GrowingLog(BuildLogChunk, "build", pace=100), build.pk, clock=lambda: now
    )

    for number in range(1000):
        writer.write(f"{number:09}")
        if number in (100, 500):
            writer.flush()
    writer.flush()
    writer.flush()
    now = 60.0
    writer.write("quiet again")
    writer.flush()

    first = [f"{number:09}" for number in range(50)]
    note = "… 9400 characters are left out here: more than 100 a second were printed."
    last = [f"{number:09}" for number in range(990, 1000)]
    assert build_logs.whole(build.pk).splitlines() == [*first, note, *last, "quiet again"]
    assert not writer.has_lines


@pytest.mark.django_db(transaction=True)
def test_two_who_write_one_log_at_once_write_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    build = BuildFactory.create()
    end = GrowingLog.end

    def write_the_other() -> None:
        build_logs.append(build.pk, "two\n")
        connection.close()

    other = threading.Thread(target=write_the_other)

    def end_while_another_writes(log: GrowingLog, build_id: UUID) -> int:
        found = end(log, build_id)
        if threading.current_thread() is not other:
            other.start()
            other.join(0.3)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(GrowingLog, "end", end_while_another_writes)
        build_logs.close(build.pk, "one\n")
    other.join(10)

    assert build_logs.whole(build.pk) == "one\ntwo\n"
