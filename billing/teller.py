"""The thread of a process that speaks to the database about money, for many calls at once.

Calls that the till cannot admit wait here; all that wait are decided in one transaction. The
thread also says that the process lives, and gives back what nobody has used for a second.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections import deque
from typing import Final
from uuid import UUID, uuid4

from django.conf import settings
from django.db import DatabaseError, IntegrityError, close_old_connections, connection

from billing import caps, leasing, refusals
from billing.leasing import RECALL_SECONDS
from billing.till import Asked, Chain, Payer, Till, Who
from marketplace.lib.errors import Unavailable

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS: Final = 5.0
TRUSTED_SECONDS: Final = 30.0
"""Leases are handed out for so long after the last heartbeat; only later are they taken away."""

_TICK_SECONDS: Final = 0.25
_MOST_AT_ONCE: Final = 256
_MOST_REMEMBERED: Final = 20_000


class Teller:
    """Admits calls for one process; `hold` and `more` on an event loop, the rest in its thread."""

    def __init__(self, spender: UUID | None = None) -> None:
        self.till = Till()
        self.spender = spender or uuid4()
        self._asked: deque[Asked] = deque()
        self._put_off: list[Asked] = []
        self._closing: deque[Chain] = deque()
        self._wake = threading.Event()
        self._stopping = False
        self._is_registered = False
        self._beaten_at = 0.0
        self._looked_at = 0.0
        self._payers: dict[UUID, Payer] = {}
        self._stop = ""
        self._stop_read_at = 0.0
        self._thread = threading.Thread(target=self._run, name="teller", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Give everything back that is free and end the thread."""
        self._stopping = True
        self._wake.set()
        self._thread.join()

    async def hold(
        self, who: Who, amount: int, *, cap: int | None = None, within: UUID | None = None
    ) -> Chain:
        """Set an amount aside; raise PaymentRequired if a limit does not have it.

        With `cap`, everything the tree of `who` will cost is set aside first, as a limit of
        its own that the amount is taken from; a cap of 0 lets it cost nothing. `within` is the
        tree that the capped one is a part of, which has it out of its own cap.
        """
        if cap is None:
            chain = self.till.take(who, amount)
            if chain is not None:
                now = time.monotonic()
                if not chain.refreshing and (chain.until < now or chain.runs_low(amount, now)):
                    self._refresh(chain, amount)
                return chain
        return await self._ask(who, amount, cap=cap, within=within)

    async def more(self, chain: Chain, amount: int) -> None:
        """Set more aside for a call in progress, on the same limits."""
        if any(slip.is_void for slip in chain.slips):
            raise Unavailable("What was set aside for this call has been given up.")
        if not self.till.take_from(chain, amount, time.monotonic()):
            await self._ask(chain.who, amount, chain=chain)

    def close_tree(self, chain: Chain) -> None:
        """The call with a Max-Cost has ended: what is left of it goes back to where it was from."""
        self.till.drop(chain.who)
        self._closing.append(chain)
        self._wake.set()

    def _refresh(self, chain: Chain, amount: int) -> None:
        """Look at the limits of these calls again, and have slack for more, while they go on."""
        chain.refreshing.append(True)

        def heard(answer: asyncio.Future[Chain]) -> None:
            """A refusal concerns the next call, which asks for itself."""
            chain.refreshing.clear()
            if not answer.cancelled():
                answer.exception()

        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Chain] = loop.create_future()
        answer.add_done_callback(heard)
        self._asked.append(Asked(chain.who, 0, loop, answer, ahead=amount))
        self._wake.set()

    async def _ask(
        self,
        who: Who,
        amount: int,
        *,
        chain: Chain | None = None,
        cap: int | None = None,
        within: UUID | None = None,
    ) -> Chain:
        if self._stopping:
            raise Unavailable("The site is shutting down. Nothing was charged; try again.")
        loop = asyncio.get_running_loop()
        deadline = time.monotonic() + RECALL_SECONDS
        answer: asyncio.Future[Chain] = loop.create_future()
        asked = Asked(who, amount, loop, answer, chain, cap, within, deadline)
        self._asked.append(asked)
        self._wake.set()
        try:
            return await asked.answer
        except asyncio.CancelledError:
            self._undo(asked)
            raise

    def _undo(self, asked: Asked) -> None:
        """Give back what was granted in the moment in which the caller went away."""
        answer = asked.answer
        if answer.done() and not answer.cancelled() and answer.exception() is None:
            self.till.give(answer.result(), asked.amount)

    # In the thread

    def _run(self) -> None:
        while not self._stopping:
            is_busy = self._put_off or self._closing or self.till.has_slack()
            self._wake.wait(_TICK_SECONDS if is_busy else HEARTBEAT_SECONDS)
            self._wake.clear()
            try:
                close_old_connections()
                self._work()
            except DatabaseError:
                logger.exception("Money could not be set aside or given back; tried again")
            except Exception:
                logger.exception("The teller failed")
        self._end()

    def _work(self) -> None:
        self._beat()
        while self._asked:
            self._serve(
                [self._asked.popleft() for _ in range(min(_MOST_AT_ONCE, len(self._asked)))]
            )
        self._close_trees()
        if time.monotonic() < self._looked_at + _TICK_SECONDS:
            return
        self._looked_at = time.monotonic()
        put_off, self._put_off = self._put_off, []
        if put_off:
            self._serve(put_off)
        self._give_back()
        self.till.tidy()

    def _beat(self) -> None:
        if not self._is_registered:
            if not self._asked:
                return
            leasing.register(self.spender, socket.gethostname())
            self._is_registered = True
        elif time.monotonic() < self._beaten_at + HEARTBEAT_SECONDS:
            return
        elif not leasing.is_still_known(self.spender):
            self._begin_anew()
        self._beaten_at = time.monotonic()
        self.till.valid_until = self._beaten_at + TRUSTED_SECONDS

    def _begin_anew(self) -> None:
        logger.warning("This process was believed to be dead; it begins anew")
        self.till.void()
        self.spender = uuid4()
        leasing.register(self.spender, socket.gethostname())

    def _decide(self, asked: list[Asked]) -> leasing.Decision:
        chains = self._with_chains(asked)
        try:
            return leasing.decide(chains, self.till, self.spender)
        except IntegrityError:  # believed to be dead since the last beat: nobody to lease to
            if leasing.is_still_known(self.spender):
                raise
            self._begin_anew()
            again = self._with_chains([one for one, _ in chains])
            return leasing.decide(again, self.till, self.spender)

    def _serve(self, asked: list[Asked]) -> None:
        try:
            decision = self._decide(asked)
        except Exception as error:
            logger.exception("Money could not be set aside")
            sentence = "The books cannot be reached. Nothing was charged; try again."
            for one in asked:
                one.refuse(Unavailable(sentence, retry_after=5))
            if not isinstance(error, DatabaseError):
                raise
            return
        for one, chain in decision.granted:
            one.grant(chain, self.till)
        for one, refusal in decision.refused:
            self.till.drop(one.who)
            one.refuse(refusal)
        self._put_off += decision.again
        for one in decision.outdated:
            self._payers.pop(one.who.owner_id, None)
            self.till.forget(one.who.owner_id)
            self._asked.append(one)

    def _with_chains(self, asked: list[Asked]) -> list[tuple[Asked, Chain]]:
        """Those who ask with all limits that bound them; the others are refused."""
        now = time.monotonic()
        if now > self._stop_read_at + settings.CALL_CACHE_SECONDS:
            self._stop, self._stop_read_at = leasing.present_stop(), now
        stale = {
            one.who.owner_id
            for one in asked
            if one.chain is None and self._payer(one.who.owner_id).until < now
        }
        if stale:
            self._payers |= leasing.payers(stale)
        found = []
        for one in asked:
            chain = one.chain or self._chain(one)
            if chain is not None:
                found.append((one, chain))
        return found

    def _chain(self, one: Asked) -> Chain | None:
        payer = self._payer(one.who.owner_id)
        if self._stop and one.cap != 0:
            self.till.forget(one.who.owner_id)
            one.refuse(refusals.stopped(self._stop))
            return None
        chain = self.till.known(one.who)
        if chain is not None:
            return chain
        if one.cap is not None and one.who.tree is not None:
            payer = leasing.payers([payer.owner_id])[payer.owner_id]
            refusal = caps.open_tree(one.who, one.cap, payer, self.spender, within=one.within)
            if refusal is not None:
                one.refuse(refusal)
                return None
        chain = leasing.chain_of(one.who, payer, self.till, self.spender)
        if chain is None:
            one.refuse(refusals.cap_unknown("an algorithm"))
            return None
        self.till.keep(chain)
        return chain

    def _payer(self, owner_id: UUID) -> Payer:
        return self._payers.get(owner_id) or Payer(owner_id)

    def _give_back(self) -> None:
        lying = self.till.has_slack()
        if lying:
            leasing.give_back(self.spender, self.till.unused(leasing.recalled(lying)))
        if len(self._payers) > _MOST_REMEMBERED:
            self._payers.clear()

    def _close_trees(self) -> None:
        while self._closing:
            chain = self._closing.popleft()
            leasing.give_back(self.spender, self.till.emptied(chain))
            if chain.who.tree is not None:
                caps.close(chain.who.tree)

    def _end(self) -> None:
        try:
            if self._is_registered:
                with self.till.lock:
                    free = {pk: slip.free for pk, slip in self.till.slips() if slip.free}
                self.till.void()
                leasing.give_back(self.spender, free)
                self._close_trees()
        except DatabaseError:
            logger.exception("What was left of the leases stays set aside until this is noticed")
        finally:
            for one in (*self._asked, *self._put_off):
                one.refuse(Unavailable("The site is shutting down. Nothing was charged."))
            connection.close()
