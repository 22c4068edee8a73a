"""Calls that nobody waits for: accepted as a row, run by a worker, kept for a while.

The row is the truth. A message only says that there may be something to do, so one that is
lost, or a worker that dies, costs a moment: `recover` queues such rows again, a few times at
most. A call can therefore run twice if the server is killed between its end and its record; it is
paid once: `give_back_repeats` undoes what attempts have cost whose answer was lost.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID, uuid4, uuid5

from celery import shared_task
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from algorithms import charging, gateway, live_calls
from algorithms.charging import Cost
from algorithms.gateway import Answer, Ask
from algorithms.models import Build, CallRequest, Version
from algorithms.recording import CANCELLED_TYPE
from algorithms.resolving import (
    Target,
    for_caller,
    of_build_row,
    of_version_row,
    refuse_quarantined,
)
from billing import giving_back
from billing.models import Usage
from marketplace.accounts import actors, keys, run_tokens
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import User
from marketplace.accounts.permissions import may_administer
from marketplace.accounts.scopes import Scope
from marketplace.lib.errors import (
    Conflict,
    MarketplaceError,
    NotAllowed,
    NotFound,
    NotSignedIn,
    PaymentRequired,
    TooMany,
    Unavailable,
)
from runners import machines, wire
from runners.specs import Failure, Kind, Outcome

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS: Final = 5.0
LOST_AFTER: Final = timedelta(seconds=30)
AGAIN_AFTER_SECONDS: Final = 3.0
MAX_ATTEMPTS: Final = 3


def may_leave_a_call(actor: Actor, _target: Target) -> bool:
    return actor.has(Scope.CALL) and not actor.is_anonymous


@transaction.atomic
def accept(target: Target, *, by: Actor, ask: Ask, token: str = "") -> CallRequest:
    """Keep a call to be run soon. `token` is the run token of an algorithm that leaves one."""
    by.require(may_leave_a_call, target)
    if by.running is not None and not by.running.may_call_others:
        raise NotAllowed(f"{by.running.algorithm_path} may not call other algorithms.")
    if by.owner_id is None:
        raise NotSignedIn("A call that nobody waits for needs an account.")
    _require_room(by.owner_id)
    request = CallRequest.objects.create(
        id=uuid4(),
        caller_id=by.owner_id,
        algorithm_id=target.algorithm_id,
        actor=_identity(by, token),
        target={
            "version": str(target.version_id) if target.version_id else None,
            "build": str(target.build_id),
            "timeout": ask.timeout,
            "max_cost": ask.max_cost,
            "tag": ask.tag,
            "operation": ask.operation,
            "root": str(by.running.root_id) if by.running else None,
            "machine": target.spec.machine,
        },
        input_kind=ask.kind.value,
        input_body=ask.body,
        expires_at=timezone.now() + timedelta(days=settings.REQUEST_KEEP_DAYS),
    )
    transaction.on_commit(partial(_queue, request))
    return request


def _queue(request: CallRequest, countdown: float = 0.0) -> None:
    """Tell runners of the kind of machine it needs that there may be something to do."""
    queue = machines.queue("call", str(request.target.get("machine", "")))
    run.apply_async((str(request.pk),), queue=queue, countdown=countdown)


def _require_room(owner_id: UUID) -> None:
    """Bound what one account can make us keep, and what its algorithms can set off for it."""
    most = settings.WAITING_CALLS_PER_ACCOUNT
    waiting = CallRequest.objects.filter(caller_id=owner_id, finished_at__isnull=True)
    if waiting.count() >= most:
        raise TooMany(
            f"This account has {most} calls waiting to be run, which is its limit. "
            "Nothing was charged; try again when one has ended.",
            retry_after=10,
        )


@shared_task(name="algorithms.later.run", acks_late=True)
def run(request_id: str) -> None:
    """Run one accepted call; safe to deliver twice, since only a queued row is taken."""
    queued = CallRequest.objects.filter(pk=request_id, state=CallRequest.State.QUEUED)
    taken = queued.update(
        state=CallRequest.State.RUNNING, heartbeat_at=timezone.now(), attempts=F("attempts") + 1
    )
    if not taken:
        return
    request = CallRequest.objects.get(pk=request_id)
    followers = live_calls.of_request(request.pk)
    mine = CallRequest.objects.filter(  # unless it was believed dead, and another has taken over
        pk=request.pk, state=CallRequest.State.RUNNING, attempts=request.attempts
    )
    outcome, cost = _answered(request)
    if outcome is None:
        mine.update(
            state=CallRequest.State.QUEUED,
            heartbeat_at=timezone.now(),
            attempts=F("attempts") - 1,  # it was not tried: nothing could take it
        )
        _queue(request, countdown=AGAIN_AFTER_SECONDS)
        return
    is_cancelled = outcome.failure is not None and outcome.failure.is_cancelled
    mine.update(
        state=CallRequest.State.CANCELLED if is_cancelled else CallRequest.State.DONE,
        answer=wire.done(request_id, outcome, 0),
        cost=None if cost is None else asdict(cost),
        answered_in=request.attempts,
        finished_at=timezone.now(),
        input_body=b"",
    )
    live_calls.wake(followers)


def cancel(request_id: UUID, *, by: Actor) -> CallRequest:
    """End an accepted call: at once if it has not begun, else as soon as its sandbox lets go of it.

    Asking again does no harm; one that has ended otherwise cannot be cancelled any more.
    """
    request = CallRequest.objects.filter(pk=request_id).first()
    if request is None or not (by.speaks_for(request.caller_id) or may_administer(by, "calls")):
        raise _not_found(request_id)
    by.require(may_cancel, request)
    if request.state == CallRequest.State.DONE:
        raise Conflict(f"The call {request} has ended; there is nothing left to cancel.")
    mine, now = CallRequest.objects.filter(pk=request_id), timezone.now()
    mine.filter(cancel_asked_at__isnull=True, finished_at__isnull=True).update(cancel_asked_at=now)
    mine.filter(state=CallRequest.State.QUEUED, attempts=0).update(
        state=CallRequest.State.CANCELLED,
        answer=wire.done(str(request_id), _NEVER_BEGAN, 0),
        finished_at=now,
        input_body=b"",
    )
    live_calls.cancel(live_calls.of_request(request_id))
    live_calls.wake(live_calls.of_request(request_id))
    return mine.get()


def may_cancel(actor: Actor, request: CallRequest) -> bool:
    return may_fetch(actor, request) or may_administer(actor, "calls")


@shared_task(name="algorithms.later.recover")
def recover() -> int:
    """Queue again what was forgotten; give up on what failed too often; forget what is old.

    A queued row's heartbeat says when its last message was sent: a long queue gets no longer
    by being looked at.
    """
    now = timezone.now()
    CallRequest.objects.filter(expires_at__lt=now).delete()
    lost = Q(state=CallRequest.State.RUNNING, heartbeat_at__lt=now - LOST_AFTER)
    CallRequest.objects.filter(lost, attempts__gte=MAX_ATTEMPTS).update(
        state=CallRequest.State.DONE, finished_at=timezone.now(), answer=_given_up()
    )
    CallRequest.objects.filter(lost).update(state=CallRequest.State.QUEUED, heartbeat_at=None)
    old = Q(created_at__lt=now - LOST_AFTER) | Q(attempts__gt=0)
    silent = Q(heartbeat_at__lt=now - LOST_AFTER) | Q(heartbeat_at__isnull=True)
    queued = CallRequest.objects.filter(old & silent, state=CallRequest.State.QUEUED)
    forgotten = list(queued.only("pk", "target"))
    for request in forgotten:
        queued.filter(pk=request.pk).update(heartbeat_at=now)
        _queue(request)
    return len(forgotten)


@shared_task(name="algorithms.later.give_back_repeats")
def give_back_repeats() -> int:
    """Undo what attempts have cost whose answer was lost, with all they called; give how many calls.

    Looked at until the request is forgotten: a killed server's record may be read days later.
    """
    again = CallRequest.objects.filter(finished_at__isnull=False, attempts__gt=1)
    return sum(_give_back(request) for request in again.defer("input_body", "answer"))


def _give_back(request: CallRequest) -> int:
    numbers = range(1, request.attempts + 1)
    lost = {_call_id(request.pk, one) for one in numbers if one != request.answered_in}
    root = request.target.get("root")
    rows = Usage.objects.filter(root_id__in=[UUID(str(root))] if root else lost)
    for usage in rows.order_by("at"):  # a parent's before those of its children
        if usage.parent_id in lost:
            lost.add(usage.pk)
    count = 0
    due = rows.filter(pk__in=lost, settled_in__isnull=False, total__gt=F("lost"))
    for usage in due.filter(objection__isnull=True).select_related("settled_in", "payer"):
        with transaction.atomic():
            count += giving_back.give_back_unasked(usage, reason=_RUN_AGAIN)
    return count


_RUN_AGAIN: Final = (
    "The server stopped before this call's answer was kept. It was run again, and is paid once."
)


def _call_id(request_id: UUID, attempt: int) -> UUID:
    """Each attempt is a call of its own; the first has the id that its caller knows."""
    return request_id if attempt == 1 else uuid5(request_id, str(attempt))


def fetch(request_id: UUID, *, by: Actor) -> tuple[CallRequest, Outcome | None]:
    """An accepted call of the actor's, with its outcome once it has one."""
    request = CallRequest.objects.select_related("algorithm__owner").filter(pk=request_id).first()
    if request is None or not by.speaks_for(request.caller_id):
        raise _not_found(request_id)
    by.require(may_fetch, request)
    if request.answer is None:
        return request, None
    [(_, header, body)] = wire.Frames().feed(bytes(request.answer))
    return request, wire.read_done(header, body, runner="")


def _not_found(request_id: object) -> NotFound:
    return NotFound(f"request req-{request_id} not found", wire_code=7000)


def may_fetch(actor: Actor, request: CallRequest) -> bool:
    return actor.has(Scope.CALL) and actor.speaks_for(request.caller_id)


def _answered(request: CallRequest) -> tuple[Outcome | None, Cost | None]:
    if request.cancel_asked_at is not None:
        return _NEVER_BEGAN, None
    with _heartbeat(request.pk):
        return _outcome(request)


def _outcome(request: CallRequest) -> tuple[Outcome | None, Cost | None]:
    """Run it, and say what it has cost; no outcome if it has to wait for a better moment."""
    try:
        actor = _actor(request.actor)
        target = for_caller(_target(request.target), by=actor)
        ask = Ask(
            kind=Kind(request.input_kind),
            body=bytes(request.input_body),
            timeout=float(str(request.target["timeout"])),
            call_id=_call_id(request.pk, request.attempts),
            is_async=True,
            max_cost=request.target.get("max_cost"),  # type: ignore[arg-type]  # as accept() wrote it
            tag=str(request.target.get("tag", "")),
            operation=str(request.target.get("operation", "")),
            watch=live_calls.of_request(request.pk),
        )
        answer: Answer = gateway.call_now(target, by=actor, ask=ask)
    except (TooMany, Unavailable):
        return None, None
    except PaymentRequired as error:
        return Outcome(failure=Failure(error.message, charging.PAYMENT_REQUIRED)), None
    except MarketplaceError as error:
        return Outcome(failure=Failure(error.message, "SystemError")), None
    return answer.outcome, answer.cost


def _identity(actor: Actor, token: str) -> dict[str, object]:
    """Enough to become the same actor later, with the rights they have then."""
    if token:
        return {"token": token}
    if actor.key_id is not None:
        return {"key": str(actor.key_id)}
    return {"user": actor.user_id}


def _actor(identity: dict[str, Any]) -> Actor:
    if "token" in identity:
        return run_tokens.read(identity["token"])
    if "key" in identity:
        key = keys.still_usable(UUID(identity["key"]))
        if key is None:
            raise NotAllowed("The key this call was made with cannot be used any more.")
        return actors.of_key(key)
    person = actors.of_session(User.objects.filter(pk=identity["user"]).first())
    if person.is_anonymous:
        raise NotAllowed("The account this call was made from cannot be used any more.")
    return person


def _target(wanted: dict[str, Any]) -> Target:
    if wanted["version"] is not None:
        version = Version.objects.get(pk=wanted["version"])
        refuse_quarantined(version.algorithm)
        return of_version_row(version)
    return of_build_row(Build.objects.get(pk=wanted["build"]))


@contextlib.contextmanager
def _heartbeat(request_id: UUID) -> Iterator[None]:
    """Say every few seconds that the call is still being worked on; hear of a cancel that got lost."""
    ended = threading.Event()
    mine = CallRequest.objects.filter(pk=request_id)

    def beat() -> None:
        while not ended.wait(HEARTBEAT_SECONDS):
            try:
                mine.update(heartbeat_at=timezone.now())
                if mine.filter(cancel_asked_at__isnull=False).exists():
                    live_calls.cancel(live_calls.of_request(request_id))
            except DatabaseError:  # it may be away for a moment, and must not end the beat
                logger.exception("The heartbeat of req-%s could not be written", request_id)
            finally:
                connection.close()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


_NEVER_BEGAN: Final = Outcome(
    failure=Failure(
        "The call was cancelled before it ran. Nothing was charged.",
        CANCELLED_TYPE,
        is_cancelled=True,
    )
)


def _given_up() -> bytes:
    failure = Failure(
        f"The server stopped {MAX_ATTEMPTS} times while this call was running, so it was given "
        "up. Nothing was charged.",
        "SystemError",
        is_platform_fault=True,
    )
    return wire.done("", Outcome(failure=failure), 0)
