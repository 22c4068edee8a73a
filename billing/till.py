"""Admits the calls of one process, most of them without a word to the database.

The process keeps a *slip* for each limit it spends from: what its lease still has to hand out.
A call takes what it may cost from the slip of its wallet and of every budget window that
applies, and gives back at its end what it did not use. Where a slip is short the teller
(billing/teller.py) enlarges the lease, for many calls in one transaction.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from uuid import UUID

IDLE_SECONDS: Final = 1.0
"""Slack that no call has needed for so long goes back to the limit."""

GRACE_SECONDS: Final = 2.0
"""What is known of a payer serves so much longer while the teller asks whether it still holds."""

PEAK_SECONDS: Final = 3.0
"""What calls in progress have needed at most is remembered for so long, and up to twice that."""

SLACK: Final = 32
"""Slack is at most this fraction of what a limit has left, so near its end there is none.

Besides, what calls have given back stays, if as much was in use some seconds ago: to ask again
takes a turn at the database, in which they would wait.
"""

LOW_CALLS: Final = 8
"""When slack is left for fewer calls like the last one, the teller is asked for more."""

_FORGET_SECONDS: Final = 600.0


class Who(NamedTuple):
    """Whose limits a call is bound by: those of the root of its tree of calls."""

    owner_id: UUID
    key_id: UUID | None
    member_id: int | None
    algorithm_id: UUID
    tree: UUID | None = None  # the call that has a Max-Cost which this one shares


@dataclass(slots=True, eq=False)
class Slip:
    """What this process may still hand out of one limit."""

    limit_id: int
    free: int = 0
    out: int = 0  # set aside for calls in progress
    peak: int = 0  # the most of it in this span of PEAK_SECONDS
    last_peak: int = 0  # and in the one before
    peak_since: float = 0.0
    room: int = 0  # what the limit itself had left when the teller last looked
    used_at: float = 0.0
    recalled_until: float = 0.0  # another process is near the limit: keep nothing
    is_void: bool = False  # the lease is gone: this process was believed to be dead


@dataclass(slots=True, eq=False)
class Payer:
    """What is remembered of an owner's money for a moment."""

    owner_id: UUID
    wallet_id: int = 0
    until: float = 0.0  # a window ends, or the month of the gift
    version: int = 0  # of the owner's budgets
    balance: int = 0  # less what is on its way into the books, and set aside by other processes
    charged: int = 0  # by this process since then
    windows: list[Window] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Window:
    """The present window of a budget, and which calls it bounds."""

    limit_id: int
    key_id: UUID | None
    member_id: int | None
    algorithm_id: UUID | None
    is_for_all: bool
    until: float

    def bounds(self, who: Who) -> bool:
        return self.is_for_all or (
            (self.key_id is not None and self.key_id == who.key_id)
            or (self.member_id is not None and self.member_id == who.member_id)
            or (self.algorithm_id is not None and self.algorithm_id == who.algorithm_id)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """All limits of a call at once: what is taken is taken from each."""

    who: Who
    payer: Payer
    slips: tuple[Slip, ...]  # ascending by limit
    limit_ids: tuple[int, ...]  # what settlement charges: a tree's limits too
    spender: UUID
    until: float  # from then on it is looked at again, while calls go on for a moment
    refreshing: list[bool] = field(default_factory=list)

    @property
    def leased(self) -> tuple[int, ...]:
        return tuple(slip.limit_id for slip in self.slips)

    def runs_low(self, amount: int, now: float) -> bool:
        """Whether so few more calls of this amount fit in that it is time to ask for more.

        A limit near its end gives no slack, and asking would not help.
        """
        low = LOW_CALLS * amount
        return any(
            slip.free < low <= slip.room // SLACK and slip.recalled_until < now
            for slip in self.slips
        )


class Till:
    """The slips of this process. Safe to use from any thread."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.valid_until = 0.0  # the leases are ours at least until then
        self._slips: dict[int, Slip] = {}
        self._chains: dict[Who, Chain] = {}

    def take(self, who: Who, amount: int) -> Chain | None:
        """Set an amount aside for a call if the slips have it; else nothing."""
        chain = self._chains.get(who)
        now = time.monotonic()
        if chain is None or chain.until + GRACE_SECONDS < now or self.valid_until < now:
            return None
        return chain if self.take_from(chain, amount, now) else None

    def take_from(self, chain: Chain, amount: int, now: float) -> bool:
        with self.lock:
            for slip in chain.slips:
                if slip.free < amount or slip.is_void:
                    return False
            for slip in chain.slips:
                slip.free -= amount
                slip.out += amount
                slip.peak = max(slip.peak, slip.out)
                slip.used_at = now
        return True

    def give(self, chain: Chain, amount: int, *, spent: int = 0) -> None:
        """End what was set aside; what of it was not spent is free again.

        What was spent stays in the lease until the row of usage takes it out (billing/bills.py).
        """
        chain.payer.charged += spent
        if amount:
            with self.lock:
                for slip in chain.slips:
                    slip.out -= amount
                    slip.free += amount - spent

    def slip(self, limit_id: int) -> Slip:
        found = self._slips.get(limit_id)
        if found is None:
            found = self._slips[limit_id] = Slip(limit_id, used_at=time.monotonic())
        return found

    def keep(self, chain: Chain) -> None:
        self._chains[chain.who] = chain

    def known(self, who: Who) -> Chain | None:
        chain = self._chains.get(who)
        return None if chain is None or chain.until < time.monotonic() else chain

    def forget(self, owner_id: UUID) -> None:
        """Ask the database again which limits an owner has."""
        for who in [who for who in list(self._chains) if who.owner_id == owner_id]:
            self._chains.pop(who, None)

    def drop(self, who: Who) -> None:
        self._chains.pop(who, None)

    def emptied(self, chain: Chain) -> dict[int, int]:
        """Take all that is free out of the slips of a chain that no call uses any more."""
        with self.lock:
            back = {slip.limit_id: slip.free for slip in chain.slips if slip.free}
            for slip in chain.slips:
                slip.free = 0
        return back

    def void(self) -> None:
        """The leases are gone: hand out nothing of them any more."""
        with self.lock:
            for slip in self._slips.values():
                slip.is_void = True
                slip.free = 0
            self._slips.clear()
            self._chains.clear()
            self.valid_until = 0.0

    def unused(self, recalled: Iterable[int] = ()) -> dict[int, int]:
        """Take what nobody needs out of the slips, for the teller to give back to the limits."""
        now = time.monotonic()
        wanted = set(recalled)
        back: dict[int, int] = {}
        with self.lock:
            for limit_id, slip in self._slips.items():
                if limit_id in wanted:
                    slip.recalled_until = now + 3 * IDLE_SECONDS
                surplus = slip.free - self._keeps(slip, now)
                if slip.peak_since < now - PEAK_SECONDS:
                    slip.last_peak, slip.peak, slip.peak_since = slip.peak, slip.out, now
                if surplus > 0:
                    slip.free -= surplus
                    back[limit_id] = surplus
        return back

    def slips(self) -> list[tuple[int, Slip]]:
        return list(self._slips.items())

    def has_slack(self) -> list[int]:
        """The limits of which something lies here unused."""
        with self.lock:
            return [limit_id for limit_id, slip in self._slips.items() if slip.free > 0]

    def tidy(self) -> None:
        """Forget limits that nobody has spent from for a while."""
        now = time.monotonic()
        with self.lock:
            over = now - GRACE_SECONDS  # until then calls go on while the teller looks again
            for who in [who for who, chain in self._chains.items() if chain.until < over]:
                del self._chains[who]
            in_use = {slip.limit_id for chain in self._chains.values() for slip in chain.slips}
            for limit_id, slip in list(self._slips.items()):
                is_old = slip.used_at < now - _FORGET_SECONDS and not slip.free and not slip.out
                if is_old and limit_id not in in_use:
                    del self._slips[limit_id]

    @staticmethod
    def _keeps(slip: Slip, now: float) -> int:
        if slip.recalled_until > now or slip.used_at < now - IDLE_SECONDS:
            return 0
        return max(slip.room // SLACK, max(slip.peak, slip.last_peak) - slip.out)


@dataclass(slots=True, eq=False)
class Asked:
    """A call that waits for the teller."""

    who: Who
    amount: int
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Chain]
    chain: Chain | None = None  # more for a call that runs already
    cap: int | None = None  # open a tree with this Max-Cost first; 0: it may cost nothing
    within: UUID | None = None  # and take it out of this tree's
    deadline: float = 0.0  # near the limit: until then other processes may give slack back
    ahead: int = 0  # takes nothing, but wants slack for calls of this amount

    def grant(self, chain: Chain, till: Till) -> None:
        """Hand over what was set aside, or take it back if the caller has gone meanwhile."""

        def arrive() -> None:
            if self.answer.done():
                till.give(chain, self.amount)
            else:
                self.answer.set_result(chain)

        try:
            self.loop.call_soon_threadsafe(arrive)
        except RuntimeError:  # the loop has ended
            till.give(chain, self.amount)

    def refuse(self, error: Exception) -> None:
        def arrive() -> None:
            if not self.answer.done():
                self.answer.set_exception(error)

        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(arrive)
