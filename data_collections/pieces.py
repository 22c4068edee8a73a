"""Files on their way out: never more than one piece of them in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol

CHUNK_BYTES: Final = 1024 * 1024


class Source(Protocol):
    """Whatever bytes can be read from, a piece at a time."""

    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


class Pieces:
    """`length` bytes of an open source, a piece at a time; closed when they are all out.

    Raises OSError if the source ends before.
    """

    def __init__(self, source: Source, length: int) -> None:
        self._source = source
        self._left = length

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._left <= 0:
            self.close()
            raise StopIteration
        piece = self._read(min(CHUNK_BYTES, self._left))
        if not piece:
            self.close()
            raise OSError("The stored bytes end too early.")
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        self._source.close()

    def _read(self, size: int) -> bytes:
        return self._source.read(size)
