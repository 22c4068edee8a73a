"""What kind of content a file is said to be when it is served.

Clients decide by it: one of them decodes JSON and text by the content type alone and fails
on a wrong one. So text and JSON are only claimed for what was seen to be so, and nothing a
browser would run is ever claimed.
"""

from __future__ import annotations

import codecs
import mimetypes
from typing import Final

import orjson

BINARY: Final = "application/octet-stream"
TEXT: Final = "text/plain; charset=utf-8"
JSON: Final = "application/json"

_MOST_PARSED: Final = 1024 * 1024
_MEDIA: Final = ("image/", "audio/", "video/", "font/")
_ACTIVE: Final = frozenset({"image/svg+xml"})  # may hold scripts


class Sniffer:
    """Looks at bytes as they pass: is it text all the way, and is it small enough to try as JSON."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._is_text = True
        self._head: bytearray | None = bytearray()

    def update(self, chunk: bytes) -> None:
        if not self._is_text:
            return
        try:
            self._decoder.decode(chunk)
        except UnicodeDecodeError:
            self._is_text = False
        if b"\0" in chunk:
            self._is_text = False
        if self._head is not None:
            self._head += chunk
        if not self._is_text or (self._head is not None and len(self._head) > _MOST_PARSED):
            self._head = None

    def verdict(self, *, name: str, declared: str) -> str:
        """Give the content type for all that has passed."""
        by_name = mimetypes.guess_type(name)[0] or ""
        if not self._ends_as_text():
            is_media = by_name.startswith(_MEDIA) and by_name not in _ACTIVE
            return by_name if is_media else BINARY
        if JSON in (by_name, declared.partition(";")[0].strip().lower()) and self._is_json():
            return JSON
        return TEXT

    def _ends_as_text(self) -> bool:
        if self._is_text:
            try:
                self._decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                self._is_text = False
        return self._is_text

    def _is_json(self) -> bool:
        """Whether it is JSON; what is too large to try is not said to be."""
        if self._head is None:
            return False
        try:
            orjson.loads(bytes(self._head))
        except orjson.JSONDecodeError:
            return False
        return True
