"""What an author has earned: by version and day, and from whom, without saying who that is."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Max, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from billing.models import Usage
from billing.permissions import may_see_earnings
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner

USUAL_DAYS: Final = 30
_MOST: Final = 500


@dataclass(frozen=True)
class Earned:
    """What came of some calls; micro-units. Gifts and what nobody paid earn no share."""

    name: str
    calls: int
    royalty: int
    share: int
    latest: datetime | None = None

    @property
    def house(self) -> int:
        return self.royalty - self.share


@dataclass(frozen=True)
class Report:
    since: date
    days: list[Earned]
    versions: list[Earned]
    callers: list[Earned]
    total: Earned


def report(author: Owner, *, by: Actor, days: int = USUAL_DAYS) -> Report:
    """The settled calls of the last days, those of today among them."""
    by.require(may_see_earnings, author)
    today = timezone.now().astimezone(UTC).date()
    since = today - timedelta(days=days - 1)
    start = datetime(since.year, since.month, since.day, tzinfo=UTC)
    rows = Usage.objects.filter(author=author, at__gte=start, royalty__gt=0)
    rows = rows.filter(settled_in__isnull=False)
    by_day = _summed(rows.annotate(day=TruncDate("at", tzinfo=UTC)), ("day",), order=("day",))
    by_version = _summed(rows, ("path", "version"), order=("-share", "path", "version"))
    by_caller = _summed(rows, ("payer_id",), order=("-share", "payer_id"))
    whole = rows.aggregate(calls=Count("pk"), all=Sum("royalty"), share=Sum("author_share"))
    return Report(
        since,
        [Earned(row["day"].isoformat(), *_numbers(row)) for row in by_day],
        [Earned(f"{row['path']}/{row['version']}", *_numbers(row)) for row in by_version],
        [Earned(pseudonym(row["payer_id"], author.pk), *_numbers(row)) for row in by_caller],
        Earned("", whole["calls"], whole["all"] or 0, whole["share"] or 0),
    )


def pseudonym(payer_id: UUID, author_id: UUID) -> str:
    """The same caller has the same name for an author, and another one for everybody else."""
    said = payer_id.bytes + author_id.bytes
    digest = hmac.new(settings.SECRET_KEY.encode(), b"caller:" + said, hashlib.sha256)
    return f"caller-{digest.hexdigest()[:10]}"


def _summed(
    rows: QuerySet[Usage], names: tuple[str, ...], *, order: tuple[str, ...]
) -> list[dict[str, Any]]:
    summed = rows.values(*names).annotate(
        calls=Count("pk"), all=Sum("royalty"), share=Sum("author_share"), latest=Max("at")
    )
    return list(summed.order_by(*order)[:_MOST])


def _numbers(row: dict[str, Any]) -> tuple[int, int, int, datetime]:
    return row["calls"], row["all"], row["share"], row["latest"]
