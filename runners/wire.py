"""What a gateway and a runner process say to each other, and how a call crosses that line.

Frames as in runners/protocol.py; many calls share one connection, told apart by their id:

    gateway → RUN     {"id", "spec", "invocation"} + input
    gateway → CANCEL  {"id"}
    runner  → PHASE   {"id", "phase", "load"}, for calls that somebody watches
    runner  → DONE    {"id", "outcome", "load"} + stdout + result
            or REFUSED {"id", "error", "message", "retry_after", "load"}
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


def run(call: str, spec: RunSpec, invocation: Invocation) -> bytes:
    ticket = {
        item.name: getattr(invocation, item.name)
        for item in fields(invocation)
        if item.name not in ("body", "token", "tell")
    }
    ticket["is_watched"] = invocation.tell is not None
    ticket["token"] = invocation.token()
    header = {"id": call, "spec": asdict(spec), "invocation": ticket}
    return frame(Word.RUN, header, invocation.body)


def read_run(
    header: dict[str, Any], body: bytes, *, tell: Callable[[Phase], None]
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
    heard = tell if ticket.pop("is_watched") else None
    return spec, Invocation(**ticket, kind=kind, token=lambda: token, body=body, tell=heard)


def phase(call: str, entered: Phase, load: int) -> bytes:
    return frame(Word.PHASE, {"id": call, "phase": entered, "load": load})


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
