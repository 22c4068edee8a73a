"""Git's packet lines: four hexadecimal digits of length, then that many bytes less four.

Of the answer to a push we must know where it ends, to add to it, and what it reports.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

FLUSH: Final = b"0000"
PROGRESS: Final = 2
_LONGEST: Final = 60_000
_SPECIAL: Final = 4
"""Lengths below it are marks without a content: the end of a section."""


class Malformed(Exception):
    """These bytes are not packet lines."""


def line(content: bytes) -> bytes:
    return b"%04x%b" % (len(content) + 4, content)


def progress(text: str) -> bytes:
    """Packets that a pusher's git shows, each line after the word `remote:`."""
    content = text.encode(errors="replace")
    pieces = (content[start : start + _LONGEST] for start in range(0, len(content), _LONGEST))
    return b"".join(line(bytes([PROGRESS]) + piece) for piece in pieces)


def take(buffer: bytearray) -> Iterator[bytes | None]:
    """Take whole packets off the front of a buffer: their content, or None for a mark."""
    while len(buffer) >= 4:
        try:
            length = int(buffer[:4], 16)
        except ValueError:
            raise Malformed(bytes(buffer[:4])) from None
        if length < _SPECIAL:
            del buffer[:4]
            yield None
        elif len(buffer) < length:
            return
        else:
            content = bytes(buffer[4:length])
            del buffer[:length]
            yield content


@dataclass
class Commands:
    """What a push wants to move, read from the beginning of its request as that passes by."""

    updates: dict[str, str] = field(default_factory=dict)  # by ref, to which commit
    capabilities: frozenset[str] = frozenset()
    is_complete: bool = False
    _buffer: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> None:
        if self.is_complete:
            return
        self._buffer += data
        for content in take(self._buffer):
            if content is None:
                self.is_complete = True
                self._buffer.clear()
                return
            self._note(content)

    def _note(self, content: bytes) -> None:
        command, _, capabilities = content.partition(b"\0")
        if capabilities:
            self.capabilities = frozenset(capabilities.decode(errors="replace").split())
        words = command.decode(errors="replace").split()
        if len(words) == 3:
            self.updates[words[2]] = words[1]

    @property
    def shows_progress(self) -> bool:
        return "side-band-64k" in self.capabilities


@dataclass
class Report:
    """The answer to a push: passes it on but for its end, and reads what was done."""

    has_bands: bool
    taken: set[str] = field(default_factory=set)
    """Refs that were moved."""

    _buffer: bytearray = field(default_factory=bytearray)
    _status: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> bytes:
        """Give what may be passed on now."""
        if not self.has_bands:
            self._read(data)
            return data
        self._buffer += data
        passed = []
        for content in take(self._buffer):
            if content is None:
                continue  # the end; the caller writes its own
            if content[:1] == b"\1":
                self._read(content[1:])
            passed.append(line(content))
        return b"".join(passed)

    def _read(self, data: bytes) -> None:
        self._status += data
        for content in take(self._status):
            words = (content or b"").decode(errors="replace").split()
            if len(words) >= 2 and words[0] == "ok":
                self.taken.add(words[1])
