"""What a call says of itself while it runs, read from the frames of a guest nobody has to trust.

Progress comes in two ways: with a partial output, or in a line that the code prints, whatever
its contract and its language:

    ::progress 0.25            or a percentage: ::progress 25%
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Final

from runners.bodies import kind_named, pastes, reads_as
from runners.protocol import Frame
from runners.specs import Event, Invocation, Kind

_LINE: Final = re.compile(
    rb"^::progress[ \t]+(\d{1,3}(?:\.\d{1,9})?|\.\d{1,9})(%?)[ \t\r]*$", re.MULTILINE
)
_LONGEST: Final = 60
"""Of a line that was not printed to its end yet, so much is remembered."""


class Hearing:
    """Turns the frames of one call into events for whoever listens to it."""

    def __init__(self, invocation: Invocation, hear: Callable[[Event], None], number: int) -> None:
        self._hear = hear
        self._number = number
        self._shows_printed = invocation.shows_printed
        self._rest = b""

    def partial(self, frame: Frame) -> None:
        """A frame of the guest's: how far it is, and what there is so far."""
        header = frame.header
        progress = _fraction(header.get("progress"))
        kind = kind_named(header.get("kind"))
        if kind is not None and reads_as(kind, frame.body):
            appends = kind is Kind.TEXT and header.get("appends") is True
            if kind is Kind.JSON and not pastes(frame.body):
                kind = Kind.TEXT
            self._hear(Event(progress, kind=kind, output=frame.body, appends=appends))
        elif progress is not None:
            self._hear(Event(progress))

    def printed(self, frame: Frame) -> None:
        """A frame of the supervisor's: what was printed since the last one."""
        if frame.header.get("events") != self._number:
            return  # of a call that is over
        progress = self._progress_in(frame.body)
        if self._shows_printed:
            left_out = frame.header.get("left_out")
            left_out = left_out if isinstance(left_out, int) and left_out > 0 else 0
            self._hear(Event(progress, printed=frame.body, left_out=left_out))
        elif progress is not None:
            self._hear(Event(progress))

    def _progress_in(self, data: bytes) -> float | None:
        """What the last such line says; a line may come in two parts."""
        text = self._rest + data
        whole, _, rest = text.rpartition(b"\n")
        self._rest = rest[: _LONGEST + 1]
        found = _LINE.findall(whole)
        if not found:
            return None
        number, percent = found[-1]
        return _fraction(float(number) / (100 if percent else 1))


def _fraction(said: object) -> float | None:
    """A number from 0 to 1; a little more or less is taken for the end that is meant."""
    if isinstance(said, bool) or not isinstance(said, int | float) or not math.isfinite(said):
        return None
    return min(1.0, max(0.0, float(said)))
