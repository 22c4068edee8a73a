"""Royalties become payable: after the holding period, by days of UTC, and when who owes has paid."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.db.models import QuerySet, Sum
from django.utils import timezone

from billing import ledger
from billing.ledger import Kind, Leg
from billing.models import Account, EarningHold, Entry, Journal, PostPaid, StripeInvoice, Usage


@shared_task(name="billing.maturing.mature")
def mature() -> int:
    """Let mature what is due today; give for how many authors that was something."""
    today = timezone.now().astimezone(UTC).date()
    authors = Account.objects.filter(kind=Kind.AUTHOR_PENDING, balance__posted__gt=0)
    return sum(
        mature_for(author, today) > 0
        for author in authors.values_list("owner_id", flat=True)
        if author is not None
    )


def mature_for(author_id: UUID, today: date) -> int:
    """Move what an author earned before the holding period began, once a day; give how much."""
    key = f"mature:{author_id}:{today.isoformat()}"
    due = due_on(author_id, today)
    if due <= 0 or Journal.objects.filter(idem_key=key).exists():
        return 0
    legs = [
        Leg(ledger.account(Kind.AUTHOR_PENDING, author_id), -due),
        Leg(ledger.account(Kind.AUTHOR_AVAILABLE, author_id), due),
    ]
    ledger.post_journal(key, "maturing", legs)
    return due


def due_on(author_id: UUID, today: date) -> int:
    """What has waited long enough on that day: the oldest earnings are the first to mature.

    A royalty earned at any time of a day of UTC matures when the day `HOLDING_DAYS` later has
    begun. Left out are what a dispute keeps back and what a post-paid caller has not paid yet.
    """
    cutoff = datetime(today.year, today.month, today.day, tzinfo=UTC) - timedelta(
        days=settings.HOLDING_DAYS - 1
    )
    entries = Entry.objects.filter(account__owner_id=author_id, account__kind=Kind.AUTHOR_PENDING)
    earned = _sum(entries.filter(amount__gt=0, journal__effective_at__lt=cutoff))
    gone = -_sum(entries.filter(amount__lt=0))
    return earned - gone - kept_back(author_id) - _unpaid(author_id, cutoff)


def kept_back(author_id: UUID) -> int:
    """What open disputes keep back."""
    holds = EarningHold.objects.filter(author_id=author_id, is_open=True)
    return holds.aggregate(total=Sum("amount"))["total"] or 0


def _unpaid(author_id: UUID, cutoff: datetime) -> int:
    """Royalties of calls that their post-paid callers have not paid for yet."""
    owed = Usage.objects.filter(
        author_id=author_id, owed__gt=0, settled_in__effective_at__lt=cutoff
    )
    total = 0
    for payer_id in owed.values_list("payer_id", flat=True).distinct():
        until = paid_until(payer_id)
        rows = owed.filter(payer_id=payer_id)
        late = rows.filter(at__gte=until) if until is not None else rows
        total += late.aggregate(total=Sum("author_share"))["total"] or 0
    return total


def paid_until(payer_id: UUID) -> datetime | None:
    """Up to when a post-paid account's invoices are paid without a gap."""
    if not PostPaid.objects.filter(owner_id=payer_id).exists():
        return None
    until = None
    rows = StripeInvoice.objects.filter(owner_id=payer_id).exclude(status="void")
    for invoice in rows.order_by("period_start"):
        if invoice.status != "paid":
            break
        until = invoice.period_end
    return until


def _sum(entries: QuerySet[Entry]) -> int:
    total: int | None = entries.aggregate(total=Sum("amount"))["total"]
    return total or 0
