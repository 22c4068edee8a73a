"""Whom a WebSocket may come from: a browser sends its cookies whichever page opens the socket."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings


def is_from_our_pages(scope: dict[str, Any]) -> bool:
    """Whether the page that opened the socket is ours; programs name none and are let through."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    origin = headers.get(b"origin")
    if origin is None:
        return True
    ours = {urlsplit(address).netloc for address in settings.CSRF_TRUSTED_ORIGINS}
    return urlsplit(origin).netloc in ours | {headers.get(b"host", "")}


def resumes_after(scope: dict[str, Any]) -> int:
    """What `?after=` says: how far the browser has read; 0 if it says nothing sensible."""
    text = parse_qs(scope["query_string"].decode("latin-1")).get("after", ["0"])[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0
