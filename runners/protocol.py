"""Length-prefixed frames between a pool and what runs inside a sandbox.

A frame is a type byte, two big-endian lengths, a JSON header and a raw body that nobody
re-encodes on the way:

    | type: u8 | header length: u32 | body length: u32 | header (JSON object) | body (bytes) |

The host listens, the guest dials and speaks first:

    guest → HELLO  {"pid", "python", "protocol": 1}
    host  → LOAD   {"contract", "module", "limits": {"stdout", "output"}}
    guest → READY  {"load_us", "stdout_bytes", "manifest"?, "cancel"?} + stdout
            or FAILED {"load_us", "stdout_bytes", "error_type", "message", "stacktrace"} + stdout
    host  → CALL   {"id", "kind", "operation"?, "events"?} + input   kind: json, text, binary, void or tunnel
    guest → EVENT  {"progress"?, "kind"?, "appends"?} + partial output      any number, or none
    host  → CANCEL {"id"}                                   only to a guest that is ready with cancel
    guest → RESULT {"id", "kind", "run_us", "stdout_bytes"} + stdout + result
            or FAILED {"id", "run_us", "stdout_bytes", "error_type", "message", "stacktrace"} + stdout

`run_us` is the time inside `apply`; `stdout` is what was printed by any means, stdout and stderr
together, cut to the limit, not necessarily UTF-8. A FAILED that the author's code caused also has
"file" (relative to the tree) and "line". "is_last" in an answer says that the guest ends with it,
so that no further call is sent. A guest whose module did not load stays and answers
every CALL with that failure.
Events come only for a call with `events`, a number that tells it from others of the same guest.
`progress` is 0 to 1; a partial output takes the place of the one before, or, where it is text that
`appends`, continues it. A guest sends at most ten a second (EVENT_SECONDS and EVENT_BYTES are what the host
bears: a guest that says more is read more slowly), each with EVENT_BODY bytes at most. What is
printed comes as it is printed over a connection of the supervisor's own, which runs nothing of
the author's: it dials `events.sock` before the guest says HELLO, and sends nothing but

    guest → EVENT  {"events", "left_out"} + stdout       of the call with that number

CANCEL asks for the end of the call in progress: a FAILED (or a RESULT that was on its way) follows,
and the guest takes the next call. One that comes after the answer means nothing. A guest that was
not ready with `cancel`, or does not answer soon, is ended.

One call at a time; the guest ends with exit code 0 when the host
hangs up, with 65 when the host speaks gibberish, and with the code of the author's process
(128 + signal) when that ends by itself.

Everything that comes from a guest is untrusted: lengths are checked before memory is taken,
and a header that is not what it should be ends the sandbox, not the pool.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

import orjson

PREFIX: Final = struct.Struct(">BII")
MAX_HEADER: Final = 1024 * 1024

EVENT_BODY: Final = 256 * 1024
EVENT_SECONDS: Final = 0.05
EVENT_BYTES: Final = 1024 * 1024
"""What one guest may say while it works: an event each so many seconds, so many bytes a second."""


class FrameType(IntEnum):
    HELLO = 1
    LOAD = 2
    READY = 3
    CALL = 4
    RESULT = 5
    FAILED = 6
    EVENT = 7
    CANCEL = 8


class ProtocolError(Exception):
    """The other side sent something that is not a frame we can read."""


@dataclass(frozen=True, slots=True)
class Frame:
    type: FrameType
    header: dict[str, Any]
    body: bytes = b""


def encode(frame_type: FrameType, header: dict[str, Any], body: bytes = b"") -> bytes:
    """A frame as one run of bytes, to be written at once."""
    text = orjson.dumps(header)
    return b"".join((PREFIX.pack(frame_type, len(text), len(body)), text, body))


def read_prefix(prefix: bytes, *, max_body: int) -> tuple[FrameType, int, int]:
    """Give (type, header length, body length); raise ProtocolError if they cannot be true."""
    number, header_length, body_length = PREFIX.unpack(prefix)
    if header_length > MAX_HEADER or body_length > max_body:
        raise ProtocolError(f"a frame of {header_length} + {body_length} bytes is over the limit")
    try:
        return FrameType(number), header_length, body_length
    except ValueError:
        raise ProtocolError(f"{number} is no type of frame") from None


def decode_header(text: bytes) -> dict[str, Any]:
    try:
        header = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ProtocolError("a header is not JSON") from None
    if not isinstance(header, dict):
        raise ProtocolError("a header is not an object")
    return header
