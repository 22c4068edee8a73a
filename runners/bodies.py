"""What a guest says, looked through: a body is pasted into an envelope undecoded."""

from __future__ import annotations

import json
from typing import Final

import orjson

from runners.protocol import Frame
from runners.specs import Failure, Kind

_KINDS: Final = {"json": Kind.JSON, "text": Kind.TEXT, "binary": Kind.BINARY}


def kind_named(word: object) -> Kind | None:
    """The kind that a guest's header names, None if that is none."""
    return _KINDS.get(word) if isinstance(word, str) else None


def reads_as(kind: Kind | None, body: bytes) -> bool:
    """Whether it can be read as what it is said to be."""
    try:
        if kind is Kind.JSON:
            _check_json(body)
        elif kind is Kind.TEXT:
            body.decode()
    except (ValueError, RecursionError):
        return False
    return True


def pastes(body: bytes) -> bool:
    """Whether it can stand within other JSON, and be read and written again by ours there.

    Ours takes less than the standard does: no lone surrogates, no endless numbers, less nesting.
    """
    try:
        orjson.dumps([[[[orjson.loads(body)]]]])
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return False
    return True


def _check_json(body: bytes) -> None:
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:  # stricter than the standard on huge numbers and deep nesting
        json.loads(body.decode(), parse_constant=_refuse_constant)  # bytes could be UTF-16


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def failure_in(frame: Frame, default: str = "AlgorithmError") -> Failure:
    """Why there is no result, in the guest's words where it has any."""
    header = frame.header

    def text(name: str, fallback: str = "") -> str:
        value = header.get(name)
        return value if isinstance(value, str) else fallback

    return Failure(
        message=text("message", "The algorithm failed without saying why."),
        error_type=text("error_type", default)[:60] or default,
        stacktrace=text("stacktrace"),
    )
