"""A file as an HTTP answer: ranges, validators, and nothing a browser would run.

Whatever authors upload is served from the site's own origin, so every answer is an
attachment in a sandbox, whichever type it says.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from urllib.parse import quote

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import http_date, parse_http_date_safe

from data_collections.models import DataFile
from data_collections.storage import Reading

_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})\Z")


class Bytes(Protocol):
    """Bytes on their way out, a piece at a time; closed in the end."""

    def __iter__(self) -> Iterator[bytes]: ...

    def __next__(self) -> bytes: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Served:
    """What an answer needs to know of a file, wherever its bytes are."""

    name: str
    size: int
    modified_at: datetime
    tag: str
    content_type: str
    open: Callable[[int, int], Bytes]
    """Give the bytes from the first up to, not including, the second."""
    sha256: str = ""


def answer(request: HttpRequest, file: DataFile) -> HttpResponseBase:
    """Give a file of a collection."""
    blob = file.blob
    return serve(
        request,
        Served(
            name=file.name,
            size=blob.size,
            modified_at=file.modified_at,
            tag=blob.md5,
            content_type=file.content_type,
            open=lambda start, end: Reading(blob, start=start, end=end),
            sha256=blob.sha256,
        ),
    )


def serve(request: HttpRequest, file: Served) -> HttpResponseBase:
    """Give the file, the part of it that is asked for, or word that it has not changed."""
    if _is_known_to_client(request, file):
        return _described(HttpResponseNotModified(), file)
    wanted = _wanted(request, file)
    if wanted is None:
        refusal = HttpResponse(status=416)
        refusal["Content-Range"] = f"bytes */{file.size}"
        return refusal
    start, end = wanted
    is_whole = (start, end) == (0, file.size)
    response = _body(request, file, start, end)
    response.status_code = 200 if is_whole else 206
    response["Content-Type"] = file.content_type or "application/octet-stream"
    response["Content-Length"] = str(end - start)
    if not is_whole:
        response["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    return _described(response, file)


def _body(request: HttpRequest, file: Served, start: int, end: int) -> HttpResponseBase:
    if request.method == "HEAD":
        return HttpResponse()
    reading = file.open(start, end)
    if not isinstance(request, ASGIRequest):
        return StreamingHttpResponse(reading)
    response = StreamingHttpResponse(_without_blocking(reading))
    response._resource_closers.append(reading.close)  # type: ignore[attr-defined]  # noqa: SLF001
    return response


async def _without_blocking(reading: Bytes) -> AsyncIterator[bytes]:
    """Read in threads, so that a slow disk delays nobody else."""
    while True:
        step = asyncio.ensure_future(asyncio.to_thread(next, reading, b""))
        try:
            chunk = await asyncio.shield(step)
        except asyncio.CancelledError:
            with suppress(Exception):
                await step  # the thread must be done with the file before it is closed
            raise
        if not chunk:
            return
        yield chunk


def _described(response: HttpResponseBase, file: Served) -> HttpResponseBase:
    response["X-Data-Type"] = "file"
    if file.tag:
        response["ETag"] = f'"{file.tag}"'
    response["Last-Modified"] = http_date(file.modified_at.timestamp())
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "private, no-cache"
    if file.sha256:
        response["X-Content-SHA256"] = file.sha256
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _is_known_to_client(request: HttpRequest, file: Served) -> bool:
    if_none_match = request.headers.get("If-None-Match")
    if if_none_match is not None:
        tags = [tag.strip().removeprefix("W/").strip('"') for tag in if_none_match.split(",")]
        return "*" in tags or (bool(file.tag) and file.tag in tags)
    since = parse_http_date_safe(request.headers.get("If-Modified-Since", ""))
    return since is not None and int(file.modified_at.timestamp()) <= since


def _wanted(request: HttpRequest, file: Served) -> tuple[int, int] | None:
    """The half-open range to send; None if the one asked for lies beyond the file's end.

    Several ranges at once are answered with the whole file, as HTTP allows.
    """
    whole = (0, file.size)
    found = _RANGE.match(request.headers.get("Range", "").replace(" ", ""))
    if (
        request.method != "GET"
        or not found
        or not any(found.groups())
        or not _still_same(request, file)
    ):
        return whole
    first, last = found.groups()
    if not first:
        length = min(int(last), file.size)
        return (file.size - length, file.size) if length else None
    start = int(first)
    end = min(int(last) + 1, file.size) if last else file.size
    if last and int(last) < start:
        return whole
    return (start, end) if start < file.size else None


def _still_same(request: HttpRequest, file: Served) -> bool:
    """Whether If-Range, where given, says that the client's part is of this very content."""
    condition = request.headers.get("If-Range", "").strip()
    if not condition:
        return True
    if file.tag and condition.strip('"') == file.tag:
        return True
    return condition == http_date(file.modified_at.timestamp())
