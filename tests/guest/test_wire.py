"""Garbage in either direction: the guest ends cleanly, the host raises ProtocolError."""

from __future__ import annotations

import struct

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from runners.protocol import (
    MAX_HEADER,
    PREFIX,
    FrameType,
    ProtocolError,
    decode_header,
    encode,
    read_prefix,
)
from tests.guest.harness import PYTHONS, Guest

CODE = {"src/__init__.py": "", "src/Hello.py": "def apply(input):\n    return input\n"}
LOAD = encode(
    FrameType.LOAD,
    {"contract": "apply", "module": "src.Hello", "limits": {"stdout": 100, "output": 100}},
)
CALL = encode(FrameType.CALL, {"id": "1", "kind": "json"}, b"[1]")

headers = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


@given(st.sampled_from(FrameType), headers, st.binary(max_size=200))
def test_frame_read_back_is_the_frame_written(
    frame_type: FrameType, header: dict[str, object], body: bytes
) -> None:
    data = encode(frame_type, header, body)

    found, header_length, body_length = read_prefix(data[: PREFIX.size], max_body=200)
    end = PREFIX.size + header_length

    assert found is frame_type
    assert decode_header(data[PREFIX.size : end]) == header
    assert data[end:] == body
    assert body_length == len(body)


@given(st.binary(min_size=9, max_size=9))
@example(struct.pack(">BII", 5, MAX_HEADER + 1, 0))
@example(struct.pack(">BII", 5, 0, 1001))
@example(struct.pack(">BII", 0, 0, 0))
def test_host_reads_a_true_prefix_or_refuses_it(prefix: bytes) -> None:
    try:
        frame_type, header_length, body_length = read_prefix(prefix, max_body=1000)
    except ProtocolError:
        return

    assert frame_type in FrameType
    assert header_length <= MAX_HEADER
    assert body_length <= 1000


@given(st.binary(max_size=100))
@example(b"[" * 100_000)
@example(b"null")
@example(b'{"a":NaN}')
def test_host_reads_a_header_object_or_refuses_it(text: bytes) -> None:
    try:
        header = decode_header(text)
    except ProtocolError:
        return

    assert isinstance(header, dict)


@pytest.fixture
def python() -> str:
    return PYTHONS[max(PYTHONS, key=lambda version: int(version[2:]))]


def end_of(python: str, data: bytes) -> tuple[int, str]:
    """Send these bytes to a new guest and hang up; give how it ended."""
    one = Guest(python, CODE)
    try:
        one.start()
        one.send(data)
        one.say_no_more()
        return one.wait(), one.last_words
    finally:
        one.close()


@pytest.mark.parametrize(
    ("data", "code", "sentence"),
    [
        (b"", 0, ""),
        (LOAD, 0, ""),
        (LOAD + CALL, 0, ""),
        (b"\x02", 65, "half a frame"),
        (LOAD[:20], 65, "half a frame"),
        (LOAD + CALL[:-1], 65, "half a frame"),
        (CALL, 65, "no LOAD after HELLO"),
        (LOAD + LOAD, 65, "no CALL that can be answered"),
        (b"\x00" * 9, 65, "a frame of type 0"),
        (b"\xff" * 9, 65, "a frame of 4294967295 + 4294967295 bytes"),
        (b"\x02\x00\x00\x00\x02\x00\x00\x00\x00[]", 65, "a header that is not an object"),
        (b"\x02\x00\x00\x00\x02\x00\x00\x00\x00{x", 65, "a header that is not JSON"),
        (encode(FrameType.LOAD, {"limits": 5}), 65, "no LOAD after HELLO"),
        (LOAD + encode(FrameType.CALL, {"id": 1}), 65, "no CALL that can be answered"),
        (LOAD + encode(FrameType.CALL, {"kind": "xml"}), 65, "no CALL that can be answered"),
    ],
)
def test_guest_ends_cleanly_on_garbage(python: str, data: bytes, code: int, sentence: str) -> None:
    exit_code, words = end_of(python, data)

    assert exit_code == code
    assert sentence in words
    assert "Traceback" not in words


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.binary(max_size=60) | st.binary(max_size=30).map(lambda tail: LOAD + tail))
def test_guest_ends_cleanly_on_any_bytes(python: str, data: bytes) -> None:
    exit_code, words = end_of(python, data)

    assert exit_code in (0, 65)
    assert "Traceback" not in words


def test_frames_in_pieces_and_frames_in_one_piece_are_the_same(python: str) -> None:
    one = Guest(python, CODE)
    one.start()

    for byte in LOAD:
        one.send(bytes([byte]))
    one.receive()
    one.send(CALL + CALL + CALL[:15])
    one.send(CALL[15:])

    assert [one.receive().body for _ in range(3)] == [b"[1]"] * 3
    one.close()


def test_guest_without_a_host_ends_with_a_sentence(python: str) -> None:
    one = Guest(python, CODE)
    (one.folder / "pool.sock").unlink()
    one._listener.settimeout(0.5)

    with pytest.raises(TimeoutError):
        one.start()

    assert one.wait() == 65
    assert "the sandbox cannot speak with its host" in one.last_words
    one.close()
