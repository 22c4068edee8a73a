"""What the journal keeps of a call's end."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from algorithms.journal import Ended
from algorithms.live_calls import LiveCall
from algorithms.models import Call
from billing.bills import Charge
from marketplace.lib.money import MICROCREDITS_PER_MICRO
from runners.specs import Failure, Outcome, Timings

CANCELLED_TYPE: Final = "Cancelled"


def ended(  # noqa: PLR0913 - all that is known of how it went
    call_id: UUID,
    outcome: Outcome,
    total_us: int,
    charge: Charge,
    prints: tuple[str, str],
    *,
    size: int | None,
) -> Ended:
    """How a call has ended; `size` is that of an answer which went its own way."""
    failure, timings = outcome.failure, outcome.timings
    result = Call.Result.SUCCEEDED
    if failure is not None:
        result = _word(failure)
    return Ended(
        id=call_id,
        result=result.value,
        total_us=total_us,
        queue_us=timings.queue,
        start_us=timings.start,
        load_us=timings.load,
        run_us=timings.run,
        output_bytes=len(outcome.body) if size is None else size,
        output_kind="" if failure else outcome.kind.value,
        error_type=storable(failure.error_type, 60) if failure else "",
        error_message=storable(failure.message, 500) if failure else "",
        runner=outcome.runner,
        price_microcredits=charge.total * MICROCREDITS_PER_MICRO,
        charge=charge,
        input_sha256=prints[0],
        output_sha256=prints[1],
    )


def _word(failure: Failure) -> Call.Result:
    if failure.is_cancelled:
        return Call.Result.CANCELLED
    return Call.Result.FAULT if failure.is_platform_fault else Call.Result.FAILED


def refused(  # noqa: PLR0913 - what is known of a call without an outcome
    call_id: UUID, result: Call.Result, why: str, total_us: int, *, charge: Charge, run_us: int
) -> Ended:
    return Ended(
        id=call_id,
        result=result.value,
        total_us=total_us,
        run_us=run_us,
        error_message=storable(why, 500),
        price_microcredits=charge.total * MICROCREDITS_PER_MICRO,
        charge=charge,
    )


def cancelled(followed: LiveCall) -> Outcome:
    """How a call has ended whose caller asked for its end."""
    failure = Failure("The call was cancelled.", CANCELLED_TYPE, is_cancelled=True)
    return Outcome(failure=failure, timings=Timings(run=followed.run_microseconds))


def storable(text: str, length: int) -> str:
    """What a database column takes: PostgreSQL knows no NUL character, UTF-8 no lone surrogate."""
    return text[:length].replace("\0", "�").encode(errors="replace").decode()
