"""The call: admit, run, record, answer. The story of `POST /v1/algo/…` on one screen."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Final
from uuid import UUID

from django.conf import settings

from algorithms import charging, fingerprints, first_calls, operations, recording
from algorithms import journal as journals
from algorithms.charging import Admission, Cost, Hold, Wanted
from algorithms.journal import Begun, Journal
from algorithms.live_calls import CANCELLED, LiveCall
from algorithms.models import Call
from algorithms.open_calls import OpenCalls
from algorithms.resolving import Target
from algorithms.web_apps.exchange import Exchange
from billing.bills import NOTHING, Charge
from marketplace.accounts import keys, limits, run_tokens
from marketplace.accounts.actors import Actor, RunningCall
from marketplace.accounts.scopes import Scope
from marketplace.lib import database, live
from marketplace.lib.errors import NotAllowed, TooMany, Unavailable
from marketplace.lib.ids import new_id
from runners import host
from runners.errors import NoRunner, RunnerError
from runners.relay import CALLER_LEFT
from runners.specs import Failure, Invocation, Kind, Outcome, Timings

LONGEST_TAG: Final = 60
_TOKEN_ALLOWANCE: Final = 900.0
"""A run token lives as long as the call may run, wait, start and load, and not much longer."""


@dataclass(frozen=True, slots=True)
class Answer:
    request_id: UUID
    target: Target
    outcome: Outcome
    total_us: int
    cost: Cost | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """What a caller wants run: how to read the input, the input, and for how long at most."""

    kind: Kind
    body: bytes
    timeout: float
    payer: str = ""  # whose sandbox, where that is not the caller's owner: visitors
    call_id: UUID | None = None  # known before, for calls nobody waits for
    is_async: bool = False
    watch: str = ""  # under which name somebody follows it (live_calls.py)
    max_cost: int | None = None  # of the call and all it calls, in micro-units
    tag: str = ""  # the caller's own word for what it is used for
    operation: str = ""  # which one, where the version has several; the first if empty
    is_trial: bool = False  # the house pays: a version's sample before it is published
    exchange: Exchange | None = None  # a request that is passed on as it is to an author's app


def may_reach(actor: Actor, _target: Target) -> bool:
    return actor.has(Scope.CALL)


async def call(target: Target, *, by: Actor, ask: Ask) -> Answer:
    """Run one call and record it.

    What the algorithm does wrong comes back as `outcome.failure`; what we refuse or cannot
    do is raised: NotAllowed, TooMany (the account's limit), PaymentRequired (its money),
    Unavailable (nothing can take it).
    """
    by.require(may_reach, target)
    if target.operations:
        ask = await _with_operation(target, ask)
    running = _place_in_tree(target, by, ask)
    payer = running.payer or _payer(by)
    _admit(payer)
    try:
        return await _recorded(target, by, ask, running, payer)
    finally:
        _dismiss(payer)


async def _with_operation(target: Target, ask: Ask) -> Ask:
    found = await operations.chosen(
        target.operations, target.build_id, ask.operation, ask.kind, ask.body
    )
    return replace(ask, operation=found)


async def _recorded(
    target: Target, by: Actor, ask: Ask, running: RunningCall, payer: str
) -> Answer:
    began = time.perf_counter()
    journal = _journal()
    terms = await charging.admit(target, by=by, running=running, wanted=_wanted(ask))
    charge: Charge | None = None
    try:
        journal.begin(_begun(target, by, ask, running, terms))
        given = fingerprints.begin(ask.body)
        outcome = await _followed(target, by, ask, running, payer, terms)
        total_us = int((time.perf_counter() - began) * 1_000_000)
        due = terms.charge(outcome)
        outcome = charging.with_price_of_cancel(outcome, due)
        prints = ("", "")
        try:
            prints = await fingerprints.both(given, outcome.body)
            prints = ask.exchange.prints() if ask.exchange is not None else prints
        finally:  # whoever goes away now has been answered for
            passed = ask.exchange.answered_bytes if ask.exchange is not None else None
            journal.end(
                recording.ended(running.call_id, outcome, total_us, due, prints, size=passed)
            )
            charge = due
    finally:
        terms.end(charge)
    return Answer(running.call_id, target, outcome, total_us, terms.cost(charge))


def _wanted(ask: Ask) -> Wanted:
    return Wanted(ask.timeout, ask.max_cost, ask.tag, ask.is_trial, ask.operation)


async def _followed(  # noqa: PLR0913, PLR0917 - all that is known of one call
    target: Target, by: Actor, ask: Ask, running: RunningCall, payer: str, terms: Admission
) -> Outcome:
    """Run it, and let those who follow it know how it gets on and ask for its end."""
    work = partial(_run, target, by, ask, running, terms)
    if not ask.watch:
        return await work(payer, None)
    shows_printed = by.speaks_for(target.algorithm_owner_id)
    followed = LiveCall(ask.watch, running.call_id, shows_printed=shows_printed)
    try:
        return await work(payer, followed)
    finally:
        followed.end()


async def _run(  # noqa: PLR0913, PLR0917 - all that is known of one call
    target: Target,
    by: Actor,
    ask: Ask,
    running: RunningCall,
    terms: Admission,
    payer: str,
    followed: LiveCall | None,
) -> Outcome:
    """Run it; what is raised has been recorded, and nothing was charged for it."""
    began = time.perf_counter()
    try:
        if followed is not None and not followed.watch(asyncio.current_task()):
            return recording.cancelled(followed)
        invocation = _invocation(ask, by, running, payer, terms, followed)
        return await host.run(target.spec, invocation, ask.exchange)
    except NoRunner as error:
        if ask.is_async:
            _journal().withdraw(running.call_id)  # it keeps its id and is tried again
        else:
            _record_refusal(running, began, Call.Result.REFUSED, str(error))
        raise Unavailable(
            f"{error} Nothing was charged; try again in {error.retry_after} seconds.",
            retry_after=error.retry_after,
        ) from error
    except RunnerError as error:
        return Outcome(failure=_fault(error))
    except asyncio.CancelledError as error:
        if terms.hold is not None and terms.hold.refusal is not None:
            return _stopped(terms.hold)
        if followed is not None and error.args == (CANCELLED,):
            _stay()
            return recording.cancelled(followed)
        _record_cancelled(running, began, terms, has_left=error.args == (CALLER_LEFT,))
        raise
    except Exception as error:
        _record_refusal(running, began, Call.Result.FAULT, repr(error)[:200])
        raise


def _record_cancelled(
    running: RunningCall, began: float, terms: Admission, *, has_left: bool
) -> None:
    """Count what a caller who went away has used like a failure, but not when the site ends."""
    hold, charge, run_us = terms.hold, NOTHING, 0
    if hold is not None and has_left:
        run_us = hold.run_microseconds
        charge = hold.due = terms.charge_cancelled(run_us) if run_us else NOTHING
    why = "The caller went away."
    _record_refusal(running, began, Call.Result.CANCELLED, why, charge=charge, run_us=run_us)


def _stay() -> None:
    """Whoever waits for the call is not cancelled with its sandbox."""
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()


def _stopped(hold: Hold) -> Outcome:
    """The call's money was used up."""
    _stay()
    timings = Timings(run=hold.run_microseconds)
    return Outcome(failure=charging.out_of_money(hold), timings=timings)


def call_now(target: Target, *, by: Actor, ask: Ask) -> Answer:
    """Run one call from a thread that may wait: a task, a page without JavaScript, publishing."""
    by.require(may_reach, target)
    database.let_go()
    return host.wait_for(call(target, by=by, ask=ask))


# Who is admitted


def _payer(actor: Actor) -> str:
    return actor.owner_id.hex if actor.owner_id is not None else ""


_open_calls = OpenCalls()


def calls_in_progress() -> int:
    """How many calls this process is taking care of at the moment."""
    return _open_calls.total()


def _admit(payer: str) -> None:
    most = limits.calls_at_once(payer)
    if _open_calls.of(payer) >= most:
        raise TooMany(
            f"This account has {most} calls running, which is its limit. "
            "Nothing was charged; try again when one has ended.",
            retry_after=1,
        )
    _open_calls.begin(payer)


def _dismiss(payer: str) -> None:
    _open_calls.end(payer)


def _place_in_tree(target: Target, by: Actor, ask: Ask) -> RunningCall:
    """Where the call stands in the tree of calls its caller has set off."""
    call_id = ask.call_id or new_id()
    parent = by.running
    if parent is not None and not parent.may_call_others:
        raise NotAllowed(
            f"{parent.algorithm_path} was published without the permission to call other "
            f"algorithms, so it cannot call {target.path}. Its author can publish a version "
            "with that permission."
        )
    depth = 0 if parent is None else parent.depth + 1
    if depth > settings.CALL_TREE_LIMIT:
        raise NotAllowed(
            f"Calls of algorithms by algorithms may go {settings.CALL_TREE_LIMIT} deep; "
            f"this one of {target.path} would be deeper."
        )
    return RunningCall(
        call_id=call_id,
        root_id=call_id if parent is None else parent.root_id,
        depth=depth,
        algorithm_id=target.algorithm_id,
        algorithm_owner_id=target.algorithm_owner_id,
        algorithm_path=target.path,
        may_call_others=target.may_call_others,
        insights_of=target.label if target.keeps_insights else "",
        payer_key_id=by.key_id if parent is None else parent.payer_key_id,
        payer=ask.payer if parent is None else parent.payer,
        root_algorithm_id=target.algorithm_id if parent is None else parent.root_algorithm_id,
        capped_by=_capped_by(call_id, target, ask, parent),
    )


def _capped_by(call_id: UUID, target: Target, ask: Ask, parent: RunningCall | None) -> UUID | None:
    """Which call's Max-Cost it shares: its own, if it may set others off, or that of one above."""
    if ask.max_cost is not None and target.may_call_others:
        return call_id
    return None if parent is None else parent.capped_by


def _invocation(  # noqa: PLR0913, PLR0917 - all that is known of one call
    ask: Ask,
    by: Actor,
    running: RunningCall,
    payer: str,
    terms: Admission,
    followed: LiveCall | None,
) -> Invocation:
    expires_in = ask.timeout + settings.RUNNER_QUEUE_SECONDS + _TOKEN_ALLOWANCE
    return Invocation(
        call_id=str(running.call_id),
        payer=payer,
        kind=ask.kind,
        body=ask.body,
        timeout=terms.timeout,
        token=partial(run_tokens.sign, by, running, expires_in=expires_in),
        operation=ask.operation,
        depth=running.depth,
        queue_seconds=settings.RUNNER_QUEUE_SECONDS,
        tell=terms.tell(followed.enter if followed else None),
        hear=followed.hear if followed else None,
        shows_printed=followed.shows_printed if followed else False,
    )


# What is recorded


class _Opened:
    journal: Journal | None = None


def open_journal() -> None:
    """Begin recording; replays what a killed process has left."""
    if _Opened.journal is None:
        _Opened.journal = journals.open_journal(_note_keys)
        _Opened.journal.start()
        charging.open_till(_Opened.journal.id)
        _open_calls.share()


def _note_keys(rows: list[journals.Row]) -> None:
    """Keep when each key was last used for a call."""
    latest = {begun.key_id: begun.started_at for begun, _ in rows if begun.key_id}
    keys.note_use({key: (datetime.fromtimestamp(when, tz=UTC), "") for key, when in latest.items()})
    for key in latest:
        live.notify(first_calls.group(key), {"type": "key.called"})


def close_journal() -> None:
    if _Opened.journal is not None:
        _open_calls.stop_sharing()
        charging.close_till()
        _Opened.journal.stop()
        charging.forget_till()
        _Opened.journal = None


def flush_journal() -> None:
    """Make every ended call visible in the database now."""
    if _Opened.journal is not None:
        _Opened.journal.flush()


def _journal() -> Journal:
    if _Opened.journal is None:
        raise Unavailable("This process takes no calls: its journal is not open.")
    return _Opened.journal


def _begun(target: Target, by: Actor, ask: Ask, running: RunningCall, terms: Admission) -> Begun:
    return Begun(
        id=running.call_id,
        root_id=running.root_id,
        parent_id=by.running.call_id if by.running else None,
        depth=running.depth,
        caller_id=by.owner_id,
        key_id=running.payer_key_id,
        algorithm_id=target.algorithm_id,
        version_id=target.version_id,
        build_id=target.build_id,
        input_bytes=ask.exchange.length if ask.exchange is not None else len(ask.body),
        is_async=ask.is_async,
        started_at=time.time(),
        operation=ask.operation,
        bill=terms.bill,
    )


def _record_refusal(  # noqa: PLR0913 - what is known of a call without an outcome
    running: RunningCall,
    began: float,
    result: Call.Result,
    why: str,
    *,
    charge: Charge = NOTHING,
    run_us: int = 0,
) -> None:
    total_us = int((time.perf_counter() - began) * 1_000_000)
    call_id = running.call_id
    _journal().end(recording.refused(call_id, result, why, total_us, charge=charge, run_us=run_us))


def _fault(error: RunnerError) -> Failure:
    return Failure(
        f"The platform failed, not the algorithm: {error} Nothing was charged; try again.",
        "SystemError",
        is_platform_fault=True,
    )
