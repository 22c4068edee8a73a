"""Which accepted call a path names, and in which state it is: for its page and for its events."""

from __future__ import annotations

from uuid import UUID

from algorithms.models import CallRequest
from marketplace.lib.errors import NotFound


def status_of(kept: CallRequest) -> str:
    """Its state; one that is to end, and has not yet, says so."""
    is_ending = kept.cancel_asked_at is not None and kept.finished_at is None
    return "cancelling" if is_ending else kept.state


def uuid_in(text: str) -> UUID:
    try:
        return UUID(text.removeprefix("req-"))
    except ValueError:
        raise NotFound(f"request {text[:60]} not found", wire_code=7000) from None
