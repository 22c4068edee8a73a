"""A file as an HTTP answer: ranges, validators, and nothing a browser would run.

Whatever authors upload is served from the site's own origin, so every answer is an
attachment in a sandbox, whichever type it says.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final
from urllib.parse import quote

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import http_date, parse_http_date_safe

from data_collections.models import DataFile
from data_collections.storage import Reading

_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})\Z")


def answer(request: HttpRequest, file: DataFile) -> HttpResponseBase:
    """Give the file, the part of it that is asked for, or word that it has not changed."""
    if _is_known_to_client(request, file):
        return _described(HttpResponseNotModified(), file)
    wanted = _wanted(request, file)
    if wanted is None:
        refusal = HttpResponse(status=416)
        refusal["Content-Range"] = f"bytes */{file.blob.size}"
        return refusal
    start, end = wanted
    is_whole = (start, end) == (0, file.blob.size)
    response = _body(request, file, start, end)
    response.status_code = 200 if is_whole else 206
    response["Content-Type"] = file.content_type or "application/octet-stream"
    response["Content-Length"] = str(end - start)
    if not is_whole:
        response["Content-Range"] = f"bytes {start}-{end - 1}/{file.blob.size}"
    return _described(response, file)


def _body(request: HttpRequest, file: DataFile, start: int, end: int) -> HttpResponseBase:
    if request.method == "HEAD":
        return HttpResponse()
    reading = Reading(file.blob, start=start, end=end)
    if not isinstance(request, ASGIRequest):
        return StreamingHttpResponse(reading)
    response = StreamingHttpResponse(_without_blocking(reading))
    response._resource_closers.append(reading.close)  # type: ignore[attr-defined]  # noqa: SLF001
    return response


async def _without_blocking(reading: Reading) -> AsyncIterator[bytes]:
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


def _described(response: HttpResponseBase, file: DataFile) -> HttpResponseBase:
    response["X-Data-Type"] = "file"
    response["ETag"] = f'"{file.blob.md5}"'
    response["Last-Modified"] = http_date(file.modified_at.timestamp())
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "private, no-cache"
    response["X-Content-SHA256"] = file.blob.sha256
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _is_known_to_client(request: HttpRequest, file: DataFile) -> bool:
    if_none_match = request.headers.get("If-None-Match")
    if if_none_match is not None:
        tags = [tag.strip().removeprefix("W/").strip('"') for tag in if_none_match.split(",")]
        return "*" in tags or file.blob.md5 in tags
    since = parse_http_date_safe(request.headers.get("If-Modified-Since", ""))
    return since is not None and int(file.modified_at.timestamp()) <= since


def _wanted(request: HttpRequest, file: DataFile) -> tuple[int, int] | None:
    """The half-open range to send; None if the one asked for lies beyond the file's end.

    Several ranges at once are answered with the whole file, as HTTP allows.
    """
    whole = (0, file.blob.size)
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
        length = min(int(last), file.blob.size)
        return (file.blob.size - length, file.blob.size) if length else None
    start = int(first)
    end = min(int(last) + 1, file.blob.size) if last else file.blob.size
    if last and int(last) < start:
        return whole
    return (start, end) if start < file.blob.size else None


def _still_same(request: HttpRequest, file: DataFile) -> bool:
    """Whether If-Range, where given, says that the client's part is of this very content."""
    condition = request.headers.get("If-Range", "").strip()
    if not condition:
        return True
    if condition.strip('"') == file.blob.md5:
        return True
    return condition == http_date(file.modified_at.timestamp())
