"""The body of a call: read it within its limit, and say how the algorithm is to see it."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Final

import orjson

from marketplace.lib.errors import BadInput, TooLarge
from runners.relay import Receive
from runners.specs import Kind


class Disconnected(Exception):
    """The caller went away before there was an answer."""


_KINDS: Final = {
    "application/json": Kind.JSON,
    "text/javascript": Kind.JSON,
    "text/plain": Kind.TEXT,
    "application/text": Kind.TEXT,
    "application/octet-stream": Kind.BINARY,
}


async def read_body(receive: Receive, *, limit: int, told: int) -> bytes:
    """Read a request's body; raise TooLarge as soon as it is known to be over the limit."""
    if told > limit:
        raise _too_large(limit)
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        if message["type"] == "http.disconnect":
            raise Disconnected
        if len(body) > limit:
            raise _too_large(limit)
        return body
    chunks, length = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunks.append(message.get("body", b""))
        length += len(chunks[-1])
        if length > limit:
            raise _too_large(limit)
    return b"".join(chunks)


def kind_of(content_type: str, encoding: str, body: bytes) -> tuple[Kind, bytes]:
    """Give how the algorithm sees the body, and the body as it is handed over."""
    media_type = content_type.partition(";")[0].strip().lower()
    if encoding.strip().lower() == "base64":
        body = _decoded(body)
    kind = _KINDS.get(media_type)
    if kind is None:
        kind = _guess(media_type, body)
    if kind is Kind.JSON:
        _check_json(body)
    elif kind is Kind.TEXT:
        _check_text(body)
    return kind, body


def _guess(media_type: str, body: bytes) -> Kind:
    """For curl's default type and none at all: JSON if it reads as JSON, else text, else bytes."""
    if media_type not in ("", "application/x-www-form-urlencoded"):
        raise BadInput(
            f"unsupported Content-Type {media_type[:60]!r}: send application/json, text/plain or "
            "application/octet-stream. Nothing was charged."
        )
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    else:
        return Kind.JSON
    try:
        body.decode()
    except UnicodeDecodeError:
        return Kind.BINARY
    return Kind.TEXT


def _check_json(body: bytes) -> None:
    if len(body) > _CHECKED_HERE:
        return  # the guest decodes it anyway, and says what is wrong
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if _reads_as_json(body):
            return
        raise BadInput(
            f"The input was sent as application/json but does not read as JSON: {error}. "
            "Nothing was charged."
        ) from None


def _reads_as_json(body: bytes) -> bool:
    """By the reader that algorithms have, which takes some numbers and escapes ours does not."""
    try:
        json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return False
    return True


def _check_text(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise BadInput(
            f"The input was sent as text but is not UTF-8: {error}. Send binary input as "
            "application/octet-stream. Nothing was charged."
        ) from None


def _decoded(body: bytes) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error:
        raise BadInput("The input says Content-Encoding: base64 but is not base64.") from None


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"The input is over the limit of {limit // 1024 // 1024} MiB. Put it in a data collection "
        "and send its data:// address. Nothing was charged."
    )


_CHECKED_HERE: Final = 64 * 1024
