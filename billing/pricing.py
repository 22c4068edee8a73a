"""What a call costs. Pure functions of numbers, so that billing needs to know no algorithm.

Prices are microcredits (1e-10 of the currency's unit), as the predecessor's clients know them;
charges are whole micro-units, 10,000 microcredits each, rounded up once for the time and once
for the royalty. Time is billed by the millisecond instead of by the started second, from a
stated minimum on, and only time inside the algorithm: not waiting, starting or loading.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from marketplace.lib.money import MICROCREDITS_PER_MICRO

_MS_PER_SECOND: Final = 1000
_ONE: Final = _MS_PER_SECOND * MICROCREDITS_PER_MICRO


@dataclass(frozen=True, slots=True)
class Price:
    """The prices of one call, frozen when it is admitted."""

    rate: int  # microcredits for a second of running
    royalty: int  # microcredits for the call
    share_bps: int  # of it for the author, in hundredths of a percent
    minimum_ms: int  # billed at least

    @property
    def is_free(self) -> bool:
        return not self.rate and not self.royalty

    @property
    def royalty_micro(self) -> int:
        return -(-self.royalty // MICROCREDITS_PER_MICRO)

    @property
    def least(self) -> int:
        """What the call costs if it succeeds at once."""
        return self.royalty_micro + self.compute(0)

    def billed_ms(self, run_microseconds: int) -> int:
        return max(self.minimum_ms, -(-run_microseconds // 1000))

    def compute(self, run_microseconds: int) -> int:
        """The charge for running so long, in micro-units."""
        return -(-self.billed_ms(run_microseconds) * self.rate // _ONE)

    def ceiling(self, seconds: float) -> int:
        """The most a call can be charged that runs for so long at most."""
        return self.royalty_micro + self.compute(int(seconds * 1_000_000))

    def seconds_for(self, micro: int) -> float:
        """How long a call may run that so much is set aside for, its royalty included."""
        if not self.rate:
            return float("inf")
        milliseconds = max(0, micro - self.royalty_micro) * _ONE // self.rate
        return milliseconds / _MS_PER_SECOND


FREE: Final = Price(0, 0, 0, 0)
