"""The money of a call: what may be needed is set aside before it runs, what it cost is charged.

A call that may run for long has credit set aside a slice at a time; when no more can be had,
its time ends with what was paid. The prices are those of the moment of admission.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from django.conf import settings

from algorithms import visitors
from algorithms.resolving import Target
from billing import given_time, reaping, refusals
from billing.bills import NOTHING, Bill, Charge
from billing.models import Usage
from billing.pricing import FREE, Price
from billing.teller import Teller
from billing.till import Chain, Who
from marketplace.accounts.actors import Actor, RunningCall
from marketplace.lib.errors import MarketplaceError, PaymentRequired, Unavailable
from runners.specs import Failure, Outcome, Phase

PAYMENT_REQUIRED: Final = "PaymentRequired"
_EARLY: Final = 0.8
"""More is asked for when this part of what is set aside has been used."""

_STEPS_OF_A_CAP: Final = 8
"""A call that may call others leaves them most of its Max-Cost."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call has cost its caller, as its answer says; micro-units."""

    compute: int
    royalty: int
    balance: int | None

    @property
    def total(self) -> int:
        return self.compute + self.royalty


class Hold:
    """What is set aside for one call in progress, and how far it reaches."""

    def __init__(self, price: Price, chain: Chain, amount: int, step: float) -> None:
        self.price = price
        self.chain = chain
        self.amount = amount
        self.refusal: MarketplaceError | None = None
        self.due: Charge | None = None  # of a call whose caller went away
        self._step = step  # seconds paid for at a time; 0 if it is all there
        self._began = 0.0
        self._task: asyncio.Task[object] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._asking: asyncio.Task[None] | None = None

    @property
    def seconds(self) -> float:
        return self.price.seconds_for(self.amount)

    @property
    def is_part(self) -> bool:
        """Whether more may be needed while it runs."""
        return self._step > 0

    @property
    def run_microseconds(self) -> int:
        return int((time.monotonic() - self._began) * 1_000_000) if self._began else 0

    def watch(self, task: asyncio.Task[object] | None) -> None:
        """End the task's wait for its sandbox when the money is used up."""
        self._task = task

    def enter(self, phase: Phase) -> None:
        if phase is Phase.RUNNING and not self._began:
            self._began = time.monotonic()
            if self.is_part:
                self._plan()

    def end(self, charge: Charge) -> None:
        for pending in (self._timer, self._asking):
            if pending is not None:
                pending.cancel()
        _teller().till.give(self.chain, self.amount, spent=charge.total)

    def _plan(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(self._at(_EARLY), self._ask_for_more)

    def _at(self, part: float) -> float:
        """The loop's time when that part of what is set aside has been used."""
        gone = time.monotonic() - self._began
        return asyncio.get_running_loop().time() + self.seconds * part - gone

    def _ask_for_more(self) -> None:
        self._asking = asyncio.get_running_loop().create_task(self._extend())

    async def _extend(self) -> None:
        try:
            more = await self._more(self.price.compute(int(self._step * 1_000_000)))
        except MarketplaceError as error:
            self._timer = asyncio.get_running_loop().call_at(self._at(1.0), self._stop, error)
        else:
            self.amount += more
            self._plan()

    async def _more(self, amount: int) -> int:
        """Set so much more aside, or what is left of the limit that is short."""
        try:
            await _teller().more(self.chain, amount)
        except PaymentRequired as error:
            rest = error.details.get("left")
            if not isinstance(rest, int) or not 0 < rest < amount:
                raise
            await _teller().more(self.chain, rest)
            return rest
        return amount

    def _stop(self, error: MarketplaceError) -> None:
        self.refusal = error
        if self._task is not None:
            self._task.cancel()


@dataclass(frozen=True, slots=True)
class Admission:
    """On which terms a call is let in."""

    bill: Bill | None  # None: the house's own, for visitors
    hold: Hold | None  # None: it can cost nothing
    timeout: float
    is_capped: bool = False  # its Max-Cost bounds a tree of calls, and ends with it
    is_trial: bool = False  # the house's, out of the account's free time

    def tell(self, watch: Callable[[Phase], None] | None) -> Callable[[Phase], None] | None:
        """Who hears how the call gets on: its hold, which counts its time, and who watches."""
        hold = self.hold
        if hold is None:
            return watch
        if watch is None:
            return hold.enter
        heard = watch

        def both(phase: Phase) -> None:
            hold.enter(phase)
            heard(phase)

        return both

    def charge(self, outcome: Outcome) -> Charge:
        """What a call that ended like this costs, once; never more than was set aside."""
        if self.bill is None:
            return NOTHING
        price, held = self.bill.price, self._held
        run_us, failure = outcome.timings.run, outcome.failure
        if self.is_trial and (failure is None or not failure.is_platform_fault):
            given_time.take(self.bill.payer_id, run_us)
        if failure is None:
            royalty = min(price.royalty_micro, held)
            word = Usage.Outcome.BILLED if held else Usage.Outcome.FREE
        elif failure.is_out_of_time and settings.CHARGE_TIMEOUTS:
            royalty = 0
            is_time = failure.error_type != PAYMENT_REQUIRED
            word = Usage.Outcome.TIMED_OUT if is_time else Usage.Outcome.STOPPED
        elif failure.is_platform_fault:
            return Charge(Usage.Outcome.FAILED.value, held=held)
        elif failure.is_cancelled:
            return self.charge_cancelled(run_us)
        else:
            return self.charge_failure(run_us)
        if price.rate and held:
            given_time.note_paid(self.bill.payer_id, run_us)
        billed_ms = price.billed_ms(run_us) if held else 0
        return Charge(word.value, billed_ms, self._compute(run_us), royalty, held)

    def charge_failure(self, run_us: int, word: str = Usage.Outcome.FAILED.value) -> Charge:
        """Nothing, unless the payer's free time for failures is used up: then what is beyond it."""
        if self.bill is None:
            return NOTHING
        price = self.bill.price
        beyond = given_time.take(self.bill.payer_id, run_us) if price.rate else 0
        if not beyond or not self._held:
            return Charge(word, held=self._held)
        word, billed_ms = Usage.Outcome.OVERDRAWN.value, price.billed_ms(beyond)
        return Charge(word, billed_ms, self._compute(beyond), 0, self._held)

    def charge_cancelled(self, run_us: int) -> Charge:
        """As for a failure: what its caller has ended gave no result."""
        return self.charge_failure(run_us, Usage.Outcome.CANCELLED.value)

    @property
    def _held(self) -> int:
        return self.hold.amount if self.hold else 0

    def _compute(self, run_us: int) -> int:
        price = self.bill.price if self.bill else FREE
        return min(price.compute(run_us), max(0, self._held - price.royalty_micro))

    def end(self, charge: Charge | None) -> None:
        """Give back what is left; nothing was charged if there is no charge."""
        if self.hold is not None:
            self.hold.end(charge or self.hold.due or NOTHING)
            if self.is_capped:
                _teller().close_tree(self.hold.chain)

    def cost(self, charge: Charge) -> Cost | None:
        """For the answer. The balance is as last seen, at most some seconds ago."""
        if self.bill is None:
            return None
        payer = self.hold.chain.payer if self.hold is not None else None
        balance = None if payer is None else payer.balance - payer.charged
        return Cost(charge.compute, charge.royalty, balance)


def price_of(target: Target, *, by: Actor) -> Price:
    """The price of a call now. Who speaks for the author pays no royalty to themselves."""
    return Price(
        rate=rate_of(target.rate, is_gpu=target.spec.gpu),
        royalty=0 if by.speaks_for(target.algorithm_owner_id) else target.royalty_microcredits,
        share_bps=settings.AUTHOR_SHARE_BPS,
        minimum_ms=settings.MINIMUM_BILLED_MS,
    )


def rate_of(own: int | None, *, is_gpu: bool) -> int:
    """What a second costs: the environment's own rate, else that of its kind of machine."""
    usual: int = settings.GPU_RATE if is_gpu else settings.CPU_RATE
    return usual if own is None else own


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the caller asks for that bears on the price."""

    timeout: float
    max_cost: int | None = None
    tag: str = ""
    is_trial: bool = False
    operation: str = ""


async def admit(target: Target, *, by: Actor, running: RunningCall, wanted: Wanted) -> Admission:
    """Set aside what the call may cost; raise PaymentRequired if a limit does not have it."""
    seconds, max_cost = wanted.timeout, wanted.max_cost
    if by.owner_id is None:
        visitors.check(target)
        return Admission(None, None, seconds)
    price = price_of(target, by=by)
    is_trial = wanted.is_trial and (not price.rate or given_time.is_left(by.owner_id))
    if is_trial:
        return Admission(_bill(target, by, FREE, wanted, None), None, seconds, is_trial=is_trial)
    who = _who(by.owner_id, by, running)
    if max_cost is not None and max_cost < price.least:
        raise refusals.cap_too_low(max_cost, price.least, target.path)
    opens = max_cost is not None and running.capped_by == running.call_id
    outer = by.running.capped_by if by.running is not None else None
    if price.is_free and not opens:
        return Admission(_bill(target, by, price, wanted, None), None, seconds)
    amount, step = _first_amount(price, seconds, max_cost, shares=opens)
    chain = await _teller().hold(who, amount, cap=max_cost if opens else None, within=outer)
    hold = Hold(price, chain, amount, step)
    hold.watch(asyncio.current_task())
    return Admission(
        bill=_bill(target, by, price, wanted, chain),
        hold=hold,
        timeout=seconds if step else min(seconds, hold.seconds),
        is_capped=opens,
    )


def reserve(price: Price, timeout: float, max_cost: int | None, *, shares: bool) -> int:
    """What is set aside for such a call before it runs; all of its Max-Cost if it has one."""
    if max_cost is not None and shares:
        return max_cost
    return 0 if price.is_free else _first_amount(price, timeout, max_cost, shares=False)[0]


def out_of_money(hold: Hold) -> Failure:
    """Why a call was stopped before its time."""
    charged = "What it has run was charged, no royalty." if settings.CHARGE_TIMEOUTS else ""
    why = str(hold.refusal).replace(" Nothing was charged.", "")
    return Failure(
        f"The call was stopped after {hold.run_microseconds / 1e6:.1f} seconds, for which it was "
        f"paid: {why} {charged}".strip(),
        PAYMENT_REQUIRED,
        is_out_of_time=True,
    )


def with_price_of_cancel(outcome: Outcome, charge: Charge) -> Outcome:
    """Tell the caller of a cancelled call what it has cost; leave every other as it is."""
    failure = outcome.failure
    if failure is None or not failure.is_cancelled:
        return outcome
    seconds = outcome.timings.run / 1e6
    when = f"after it had run for {seconds:.1f} seconds" if seconds else "before it ran"
    price = (
        "The account's free time for calls without a result is used up for today, so that its "
        "computing was charged, no royalty."
        if charge.total
        else "Nothing was charged."
    )
    message = f"The call was cancelled {when}. {price}"
    return replace(outcome, failure=replace(failure, message=message))


def _first_amount(
    price: Price, timeout: float, max_cost: int | None, *, shares: bool
) -> tuple[int, float]:
    """What to set aside before the call runs, and for how long at a time from then on."""
    whole = price.ceiling(timeout)
    if max_cost is not None and not shares:
        return min(whole, max_cost), 0.0
    step = float(settings.HOLD_SLICE_SECONDS)
    if max_cost is not None:
        step = min(step, max(0.1, price.seconds_for(max_cost) / _STEPS_OF_A_CAP))
        whole = min(whole, max_cost)
    if not price.rate or timeout <= step:
        return whole, 0.0
    return min(whole, price.ceiling(step)), step


def _who(owner_id: UUID, by: Actor, running: RunningCall) -> Who:
    return Who(
        owner_id=owner_id,
        key_id=running.payer_key_id,
        member_id=by.user_id,
        algorithm_id=running.root_algorithm_id or running.algorithm_id,
        tree=running.capped_by,
    )


def _bill(
    target: Target, by: Actor, price: Price, wanted: Wanted, chain: Chain | None
) -> Bill | None:
    if by.owner_id is None:
        return None
    return Bill(
        payer_id=by.owner_id,
        author_id=target.algorithm_owner_id,
        member_id=by.user_id,
        tag=wanted.tag,
        operation=wanted.operation,
        price=price,
        path=target.path,
        version=target.label,
        digest=target.digest,
        limit_ids=chain.limit_ids if chain else (),
        leased=chain.leased if chain else (),
        spender=chain.spender if chain else None,
    )


# The teller of this process


class _Opened:
    teller: Teller | None = None


def open_till(spender: UUID) -> None:
    """Begin to admit calls that cost something."""
    _Opened.teller = Teller(spender)
    _Opened.teller.start()


def close_till() -> None:
    """Give back what calls have not used. To be called when no call runs any more."""
    if _Opened.teller is not None:
        _Opened.teller.stop()


def forget_till() -> None:
    """Give up the leases, once everything is recorded that was charged to them."""
    if _Opened.teller is not None:
        reaping.release(_Opened.teller.spender)
        _Opened.teller = None


def _teller() -> Teller:
    if _Opened.teller is None:
        raise Unavailable("This process takes no paid calls: its till is not open.")
    return _Opened.teller
