"""Algorithmia's JSON for the answer of a call, to the byte.

Bodies are pasted into the envelope as the sandbox gave them; a runner has made sure that
what claims to be JSON is JSON.
"""

from __future__ import annotations

import base64
from typing import Final

import orjson
from django.conf import settings

from algorithms.charging import Cost
from algorithms.gateway import Answer
from marketplace.lib.money import format_dollars
from runners.specs import Failure, Kind, Outcome

Headers = list[tuple[bytes, bytes]]

JSON_TYPE: Final = b"application/json; charset=utf-8"
RAW_TYPES: Final = {
    Kind.JSON: JSON_TYPE,
    Kind.TEXT: b"text/plain; charset=utf-8",
    Kind.BINARY: b"application/octet-stream",
}


def envelope(answer: Answer, *, with_stdout: bool, with_trace: bool) -> bytes:
    """The default answer: a result or an error, and what it took; always sent with status 200."""
    outcome = answer.outcome
    if outcome.failure is not None:
        metadata = _metadata(answer, None, with_stdout=with_stdout)
        return b'{"error":%b,"metadata":%b}' % (_error(outcome.failure, with_trace), metadata)
    metadata = _metadata(answer, outcome.kind, with_stdout=with_stdout)
    return b'{"result":%b,"metadata":%b}' % (_result(outcome), metadata)


def members(
    outcome: Outcome, *, request_id: str, is_owner: bool, cost: Cost | None = None
) -> dict[str, object]:
    """The members of the envelope, for an answer that is fetched later."""
    metadata: dict[str, object] = {
        "content_type": "void" if outcome.failure else outcome.kind,
        "duration": outcome.timings.run / 1e6,
        "request_id": f"req-{request_id}",
    }
    if cost is not None:
        metadata["cost"] = _cost(cost)
    if is_owner:
        metadata["stdout"] = outcome.stdout.decode(errors="replace")
    if outcome.failure is None:
        return {"result": orjson.Fragment(_result(outcome)), "metadata": metadata}
    return {"error": orjson.Fragment(_error(outcome.failure, is_owner)), "metadata": metadata}


def refusal(message: str, error_type: str = "", **details: object) -> bytes:
    """The answer when nothing was run: the predecessor's clients read it from status 200."""
    error: dict[str, object] = {"message": message}
    if error_type:
        error |= {"error_type": error_type, "stacktrace": "", "stack_trace": ""}
    if details:
        error["details"] = details
    return orjson.dumps({"error": error})


def accepted(request_id: str) -> bytes:
    """The answer to `output=void`: the call will be run, and its result can be fetched."""
    return orjson.dumps({"async": "void", "async_protocol": "void", "request_id": request_id})


def _result(outcome: Outcome) -> bytes:
    if outcome.kind is Kind.JSON:
        return outcome.body
    if outcome.kind is Kind.TEXT:
        return orjson.dumps(outcome.body.decode())
    if outcome.kind is Kind.BINARY:
        return b'"%b"' % base64.b64encode(outcome.body)
    return b"null"


def _error(failure: Failure, with_trace: bool) -> bytes:
    """Both spellings of the trace, as some clients insist on one and some on the other."""
    trace = failure.stacktrace if with_trace else ""
    error = {
        "message": failure.message,
        "error_type": failure.error_type,
        "stacktrace": trace,
        "stack_trace": trace,
    }
    return orjson.dumps({name: _sound(text) for name, text in error.items()})


def _metadata(answer: Answer, kind: Kind | None, *, with_stdout: bool) -> bytes:
    timings = answer.outcome.timings
    metadata: dict[str, object] = {
        "content_type": kind or "void",
        "duration": timings.run / 1e6,
        "request_id": f"req-{answer.request_id}",
        "cold": timings.is_cold,
        "timings": {
            "queue": timings.queue / 1e6,
            "start": timings.start / 1e6,
            "load": timings.load / 1e6,
            "run": timings.run / 1e6,
            "total": answer.total_us / 1e6,
        },
        "version": answer.target.label,
    }
    if answer.target.warning:
        metadata["warning"] = _sound(answer.target.warning)
    if answer.cost is not None:
        metadata["cost"] = _cost(answer.cost)
    if with_stdout:
        metadata["stdout"] = answer.outcome.stdout.decode(errors="replace")
    return orjson.dumps(metadata)


def _cost(cost: Cost) -> dict[str, object]:
    """What the call has cost, in micro-units (millionths of the currency) and in words."""
    return {
        "compute": cost.compute,
        "royalty": cost.royalty,
        "total": cost.total,
        "currency": settings.CURRENCY,
        "amount": format_dollars(cost.total),
        "balance": None if cost.balance is None else format_dollars(cost.balance),
    }


def _sound(text: str) -> str:
    """Text that UTF-8 can carry: authors' messages may hold lone surrogates."""
    return text.encode(errors="replace").decode()
