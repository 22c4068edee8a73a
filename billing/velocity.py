"""Earnings that grow faster than honest ones do: staff are told, and can keep the payouts back.

Nothing is stopped by it. Stolen cards and accounts that call each other look like this: far more
than usual within a day, or nearly all of it from one account that is new.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from celery import shared_task
from django.core.cache import cache
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.amounts import written
from billing.models import Usage
from marketplace.accounts import notifications
from marketplace.accounts.models import Owner, User

NOTEWORTHY: Final = 20_000_000
"""Less within a day is nobody's concern, in micro-units."""

TIMES_AS_MUCH: Final = 10
USUAL_DAYS: Final = 30
MOST_OF_IT: Final = 80
"""In percent, from one payer whose account is younger than the days above."""

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Jump:
    """What one author has earned within a day, and what is odd about it; micro-units."""

    author: Owner
    earned: int
    usual: int  # a day, before
    newcomer: str  # the account that has paid nearly all of it, if it is new


@shared_task(name="billing.velocity.look")
def look() -> int:
    """Tell staff of every author once a day; give of how many."""
    found = [one for one in jumps(timezone.now()) if cache.add(_key(one.author.pk), 1, 86_400)]
    for one in found:
        _tell(one)
    return len(found)


def jumps(now: datetime) -> Iterator[Jump]:
    shares: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    settled = Usage.objects.filter(settled_in__isnull=False, author_share__gt=0)
    today = settled.filter(at__gt=now - _DAY).values("author_id", "payer_id")
    for row in today.annotate(share=Sum("author_share")):
        shares[row["author_id"]][row["payer_id"]] = row["share"]
    for author_id, by_payer in shares.items():
        earned = sum(by_payer.values())
        if earned < NOTEWORTHY:
            continue
        before = settled.filter(
            author_id=author_id, at__gt=now - _DAY * (USUAL_DAYS + 1), at__lte=now - _DAY
        )
        usual = (before.aggregate(total=Sum("author_share"))["total"] or 0) // USUAL_DAYS
        newcomer = _newcomer(by_payer, earned, now)
        if newcomer or earned >= TIMES_AS_MUCH * usual:
            yield Jump(Owner.objects.get(pk=author_id), earned, usual, newcomer)


def _newcomer(by_payer: dict[UUID, int], earned: int, now: datetime) -> str:
    payer_id, paid = max(by_payer.items(), key=lambda one: one[1])
    if paid * 100 < MOST_OF_IT * earned:
        return ""
    young = Owner.objects.filter(pk=payer_id, created_at__gt=now - USUAL_DAYS * _DAY).first()
    return young.name if young is not None else ""


def _key(author_id: UUID) -> str:
    return f"velocity:{author_id}"


def _tell(one: Jump) -> None:
    def body() -> str:
        said = _("Before, it was %(usual)s a day.") % {"usual": written(one.usual)}
        if not one.newcomer:
            return said
        return f"{said} " + _("Nearly all of it was paid by %(payer)s, an account that is new.") % {
            "payer": one.newcomer
        }

    notifications.tell(
        User.objects.filter(is_staff=True, is_active=True).values_list("pk", flat=True),
        kind="billing",
        title=lambda: (
            _("%(author)s has earned %(amount)s within a day")
            % {"author": one.author.name, "amount": written(one.earned)}
        ),
        body=body,
        url=f"/staff/money/accounts/{one.author.name}/",
    )
