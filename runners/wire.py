"""What a gateway and a runner process say to each other, and how a call crosses that line.

Frames as in runners/protocol.py; many calls share one connection, told apart by their id:

    gateway → RUN     {"id", "spec", "invocation"} + input
    gateway → CANCEL  {"id"}
    runner  → PHASE   {"id", "phase", "load"}, for calls that somebody watches
    runner  → EVENT   {"id", "event", "load"} + stdout + partial output, for calls with a listener
    runner  → DONE    {"id", "outcome", "load"} + stdout + result
            or REFUSED {"id", "error", "message", "retry_after", "load"}
            or CANCELLED {"id", "load"}, once a call that was to be cancelled is over

A request that is passed on as it is has a connection of its own (runners/tunnels.py):

    gateway → PASS    {"id", "spec", "invocation"}
    runner  → OPEN    {}, when the author's app can be talked to
    both    → DATA    {} + bytes, as many as there are; END {} when there are no more
    gateway → END     {"failure"} when it has all it wants
    runner  → DONE or REFUSED, as above
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import asdict, fields
from enum import IntEnum
from typing import Any, Final

import orjson

from runners.errors import NoRunner, PlatformFault, QueueFull, RunnerError
from runners.specs import (
    Event,
    Failure,
    Invocation,
    Kind,
    Limits,
    Network,
    Outcome,
    Phase,
    RunSpec,
    Timings,
)

PREFIX: Final = struct.Struct(">BII")
_ERRORS: Final[dict[str, type[RunnerError]]] = {
    "NoRunner": NoRunner,
    "QueueFull": QueueFull,
    "PlatformFault": PlatformFault,
}


class Word(IntEnum):
    RUN = 1
    CANCEL = 2
    DONE = 3
    REFUSED = 4
    PHASE = 5
    EVENT = 6
    CANCELLED = 7
    PASS = 20
    OPEN = 21
    DATA = 22
    END = 23


def frame(word: Word, header: dict[str, Any], *parts: bytes) -> bytes:
    text = orjson.dumps(header)
    length = sum(map(len, parts))
    return b"".join((PREFIX.pack(word, len(text), length), text, *parts))


class Frames:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[tuple[Word, dict[str, Any], bytes]]:
        self._buffer += data
        found = []
        while len(self._buffer) >= PREFIX.size:
            word, header_length, body_length = PREFIX.unpack_from(self._buffer)
            body_start = PREFIX.size + header_length
            end = body_start + body_length
            if len(self._buffer) < end:
                break
            header = orjson.loads(self._buffer[PREFIX.size : body_start])
            found.append((Word(word), header, bytes(self._buffer[body_start:end])))
            del self._buffer[:end]
        return found


def run(call: str, spec: RunSpec, invocation: Invocation, word: Word = Word.RUN) -> bytes:
    ticket = {
        item.name: getattr(invocation, item.name)
        for item in fields(invocation)
        if item.name not in ("body", "token", "tell", "hear")
    }
    ticket["is_watched"] = invocation.tell is not None
    ticket["is_heard"] = invocation.hear is not None
    ticket["token"] = invocation.token()
    header = {"id": call, "spec": asdict(spec), "invocation": ticket}
    return frame(word, header, invocation.body)


def read_run(
    header: dict[str, Any],
    body: bytes,
    *,
    tell: Callable[[Phase], None],
    hear: Callable[[Event], None],
) -> tuple[RunSpec, Invocation]:
    raw = header["spec"]
    spec = RunSpec(
        **{
            **raw,
            "network": Network(raw["network"]),
            "limits": Limits(**raw["limits"]),
            "variables": tuple((name, value) for name, value in raw["variables"]),
            "files": tuple((source, target) for source, target in raw["files"]),
        }
    )
    ticket = header["invocation"]
    token: str = ticket.pop("token")
    kind = Kind(ticket.pop("kind"))
    is_watched, is_heard = ticket.pop("is_watched"), ticket.pop("is_heard")
    return spec, Invocation(
        **ticket,
        kind=kind,
        token=lambda: token,
        body=body,
        tell=tell if is_watched else None,
        hear=hear if is_heard else None,
    )


def phase(call: str, entered: Phase, load: int) -> bytes:
    return frame(Word.PHASE, {"id": call, "phase": entered, "load": load})


def event(call: str, said: Event, load: int) -> bytes:
    summary = {
        "progress": said.progress,
        "printed_bytes": len(said.printed),
        "left_out": said.left_out,
        "kind": said.kind,
        "appends": said.appends,
    }
    header = {"id": call, "event": summary, "load": load}
    return frame(Word.EVENT, header, said.printed, said.output)


def read_event(header: dict[str, Any], body: bytes) -> Event:
    summary = header["event"]
    cut = summary.pop("printed_bytes")
    kind = Kind(summary.pop("kind"))
    return Event(**summary, kind=kind, printed=body[:cut], output=body[cut:])


def cancelled(call: str, load: int) -> bytes:
    return frame(Word.CANCELLED, {"id": call, "load": load})


def done(call: str, outcome: Outcome, load: int) -> bytes:
    summary = {
        "kind": outcome.kind,
        "stdout_bytes": len(outcome.stdout),
        "failure": asdict(outcome.failure) if outcome.failure else None,
        "timings": asdict(outcome.timings),
    }
    return frame(
        Word.DONE, {"id": call, "outcome": summary, "load": load}, outcome.stdout, outcome.body
    )


def read_done(header: dict[str, Any], body: bytes, *, runner: str) -> Outcome:
    summary = header["outcome"]
    cut = summary["stdout_bytes"]
    return Outcome(
        kind=Kind(summary["kind"]),
        body=body[cut:],
        stdout=body[:cut],
        failure=Failure(**summary["failure"]) if summary["failure"] else None,
        timings=Timings(**summary["timings"]),
        runner=runner,
    )


def refused(call: str, error: RunnerError, load: int) -> bytes:
    name = type(error).__name__
    header = {
        "id": call,
        "error": name if name in _ERRORS else "PlatformFault",
        "message": str(error),
        "retry_after": getattr(error, "retry_after", 1),
        "load": load,
    }
    return frame(Word.REFUSED, header)


def read_refused(header: dict[str, Any]) -> RunnerError:
    kind = _ERRORS[header["error"]]
    if issubclass(kind, NoRunner):
        return kind(header["message"], retry_after=header["retry_after"])
    return kind(header["message"])
