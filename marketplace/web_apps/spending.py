"""What one request to an app may cost: taken from its visit before, given back when it is known.

What the app calls as its visitor counts too. So the request of an app that may call others has a
part of the visit as the Max-Cost of its tree of calls, and the visit gets back what the books say
that the tree has not spent; until they say so, nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable
from dataclasses import replace
from typing import Final
from uuid import UUID

from algorithms import charging, gateway
from algorithms.gateway import Answer, Ask
from algorithms.resolving import Target
from algorithms.web_apps import visits
from algorithms.web_apps.visits import Visit
from billing import caps
from billing.pricing import Price
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import MarketplaceError, PaymentRequired
from marketplace.lib.ids import new_id
from marketplace.lib.threads import Threads

logger = logging.getLogger(__name__)

_LOOKS: Final = (0.02, 0.1, 0.4, 1.5, 5.0, 20.0, 60.0)
"""Seconds before each look into the books. Mostly the first tells it all: no other call was made."""

threads: Final = Threads(8, "web-apps")
_returning: set[asyncio.Task[None]] = set()


async def call(target: Target, *, by: Actor, ask: Ask, visit: Visit | None) -> Answer:
    """Make a request's call, which costs no more than its visit has left."""
    by.require(gateway.may_reach, target)
    if visit is None:
        return await gateway.call(target, by=by, ask=ask)
    call_id = ask.call_id or new_id()
    ask = replace(ask, call_id=call_id)
    price, is_shared = charging.price_of(target, by=by), target.may_call_others
    reserved = await threads.run(visits.reserve, visit, price, ask.timeout, is_shared=is_shared)
    began, spent = time.monotonic(), reserved
    try:
        answer = await _within(reserved, target, by, ask, price)
        spent = answer.cost.total if answer.cost is not None else 0
    except MarketplaceError:
        spent = 0
        raise
    except asyncio.CancelledError:  # who leaves may have to pay for the time, but for no result
        spent = min(reserved, price.compute(int((time.monotonic() - began) * 1_000_000)))
        raise
    finally:
        if reserved and is_shared:
            _later(_return_rest(visit, call_id, reserved))
        elif reserved > spent:
            _later(threads.run(visits.give_back, visit, reserved - spent))
    return answer


async def _within(cap: int, target: Target, by: Actor, ask: Ask, price: Price) -> Answer:
    """Make the call; with a lower Max-Cost, if the account has less than the visit may cost."""
    while True:
        bounded = replace(ask, max_cost=cap) if cap or target.may_call_others else ask
        try:
            return await gateway.call(target, by=by, ask=bounded)
        except PaymentRequired as refusal:
            if not target.may_call_others:
                raise
            left = refusal.details.get("left")
            part = visits.part_of(left, price) if isinstance(left, int) else 0
            if not price.least <= part < cap:
                raise
            cap = part


async def _return_rest(visit: Visit, call_id: UUID, reserved: int) -> None:
    """Give the visit back what its request's tree of calls can no more spend, as it becomes known."""
    for seconds in _LOOKS:
        await asyncio.sleep(seconds)
        spent = await threads.run(caps.spent, call_id)
        if spent.most < reserved:
            await threads.run(visits.give_back, visit, reserved - spent.most)
            reserved = spent.most
        if spent.is_final:
            return


def _later(work: Awaitable[None]) -> None:
    """Do it even if whoever has asked goes away; nobody waits for it."""
    task = asyncio.ensure_future(_logged(work))
    _returning.add(task)
    task.add_done_callback(_returning.discard)


async def _logged(work: Awaitable[None]) -> None:
    try:
        await work
    except Exception:
        logger.exception("A visit to an app did not get back what a request has not spent")
