"""What a sandbox prints: kept within bounds, whatever it prints and whoever reads.

A sandbox nobody reads never waits for us; the oldest of its output is forgotten. Once
somebody follows the lines, nothing is lost and a program faster than its reader waits.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Final

TAIL: Final = 64 * 1024
BACKLOG: Final = 256 * 1024
LONGEST_LINE: Final = 64 * 1024


class Output:
    """The bytes of one sandbox, fed by one thread and read by others."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._tail = bytearray()
        self._pending = bytearray()
        self._is_followed = False
        self._is_finished = False
        self._is_abandoned = False

    def feed(self, data: bytes) -> None:
        """Take what was printed; wait only for a reader who follows."""
        with self._changed:
            self._tail += data
            del self._tail[:-TAIL]
            while self._is_followed and not self._is_abandoned and len(self._pending) > BACKLOG:
                self._changed.wait()
            self._pending += data
            if not self._is_followed:
                del self._pending[:-BACKLOG]
            self._changed.notify_all()

    def finish(self) -> None:
        """Say that nothing more will come."""
        with self._changed:
            self._is_finished = True
            self._changed.notify_all()

    def abandon(self) -> None:
        """Wait for no reader any more."""
        with self._changed:
            self._is_abandoned = True
            self._changed.notify_all()

    def tail(self) -> str:
        with self._changed:
            return self._tail.decode(errors="replace")

    def lines(self) -> Iterator[str]:
        """Follow it line by line, without line ends; bytes that are no UTF-8 become `�`."""
        with self._changed:
            if self._is_followed:
                raise RuntimeError("The lines of a sandbox can be followed once.")
            self._is_followed = True
        return self._follow()

    def _follow(self) -> Iterator[str]:
        rest = b""
        try:
            while chunk := self._next():
                *lines, rest = (rest + chunk).split(b"\n")
                yield from map(_text, lines)
                while len(rest) > LONGEST_LINE:
                    yield _text(rest[:LONGEST_LINE])
                    rest = rest[LONGEST_LINE:]
            if rest:
                yield _text(rest)
        finally:
            self.abandon()

    def _next(self) -> bytes:
        """Wait for more; empty at the end."""
        with self._changed:
            while not self._pending and not self._is_finished:
                self._changed.wait()
            chunk = bytes(self._pending)
            self._pending.clear()
            self._changed.notify_all()
            return chunk


def _text(line: bytes) -> str:
    return line.rstrip(b"\r").decode(errors="replace")
