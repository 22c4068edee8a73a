"""The first call that arrives with a key: what a page waits for after somebody copied a snippet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Q

from algorithms.models import Algorithm, Call
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import APIKey


@dataclass(frozen=True)
class FirstCall:
    """What the page says about it."""

    algorithm: str
    seconds: float
    has_succeeded: bool


def group(key_id: UUID) -> str:
    return f"key-{key_id}"


def may_watch(actor: Actor, key_id: UUID) -> bool:
    """Whether the key is the person's own or one of an owner they act for."""
    mine = Q(owner__in=actor.owner_ids) | Q(user=actor.user_id)
    return not actor.is_anonymous and APIKey.objects.filter(mine, pk=key_id).exists()


def first(key_id: UUID, *, after: datetime) -> FirstCall | None:
    calls = Call.objects.filter(key_id=key_id, parent_id=None, started_at__gte=after)
    call = calls.order_by("started_at").first()
    if call is None:
        return None
    # the record may outlive the algorithm it tells of
    rows = Algorithm.objects.select_related("owner")
    algorithm = rows.filter(pk=call.algorithm_id).first() if call.algorithm_id else None
    return FirstCall(
        algorithm=str(algorithm or ""),
        seconds=call.total_us / 1e6,
        has_succeeded=call.result == Call.Result.SUCCEEDED,
    )


def moment(text: str) -> datetime:
    """The moment a page names in milliseconds since 1970; the beginning of time if it names none."""
    try:
        return datetime.fromtimestamp(int(text) / 1000, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, tz=UTC)
