"""An account's month: what was there, what came, what was spent on what, what is left.

All of it is read from the books, so that it sums up; the calls in it are those that the books
have in this month, which are those of the month's receipts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Count, F, Min, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.models import Entry, Lot, Refund, TopUp, Usage
from billing.models.accounts import CUSTOMER
from billing.permissions import may_see_bills
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import APIKey, Owner
from marketplace.lib.errors import BadInput, NotFound

WORDS: Final = {
    "topup": _("Credit bought"),
    "grant": _("Credit given"),
    "calls": _("Calls"),
    "call given back": _("Given back for calls"),
    "refund": _("Refunded to the card"),
    "refund refused": _("Refunds that the bank refused"),
    "expiry": _("Credit that expired"),
    "invoice paid": _("Invoices paid"),
    "invoice lost": _("Invoices written off"),
    "dispute lost": _("Taken back by the cardholder's bank"),
}


@dataclass(frozen=True)
class Line:
    """Everything of one kind that changed the balance; micro-units."""

    kind: str
    words: str
    count: int
    amount: int


@dataclass(frozen=True)
class CallLine:
    """The calls of one version with one key."""

    path: str
    version: str
    key: str
    calls: int
    billed_ms: int
    compute: int
    royalty: int
    total: int


@dataclass(frozen=True)
class Statement:
    owner: Owner
    month: date
    opening: int
    closing: int
    lines: list[Line]
    calls: list[CallLine]
    lots: list[Lot]
    topups: list[TopUp]
    refunds: list[Refund]
    is_final: bool

    @property
    def tax(self) -> int:
        return sum(one.tax for one in self.topups) - sum(one.tax for one in self.refunds)

    @property
    def charged(self) -> int:
        """What left the account for calls, less what was given back: the sum of the receipts."""
        kinds = ("calls", "call given back")
        return -sum(line.amount for line in self.lines if line.kind in kinds)


def month_named(text: str) -> date:
    """`2026-11` as it stands in an address."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise BadInput(
            gettext("A month is written like 2026-11, not %(text)s.") % {"text": repr(text[:20])}
        ) from None


def months(owner: Owner, *, by: Actor) -> list[date]:
    """The months in which anything happened, latest first."""
    by.require(may_see_bills, owner)
    moments = _entries(owner).annotate(
        month=TruncMonth("journal__effective_at", tzinfo=UTC)
    )  # in SQL: a year of batches is many entries
    found = moments.values_list("month", flat=True).distinct().order_by("-month")
    return [month.date() for month in found]


def of_month(owner: Owner, month: date, *, by: Actor) -> Statement:
    """The statement of one month of UTC; NotFound before the account's first entry."""
    by.require(may_see_bills, owner)
    start = datetime(month.year, month.month, 1, tzinfo=UTC)
    end = (start + timedelta(days=32)).replace(day=1)
    entries = _entries(owner)
    first = entries.aggregate(first=Min("journal__effective_at"))["first"]
    if first is None or end <= first or start > timezone.now():
        raise NotFound(gettext("There is no statement of this month: nothing happened in it."))
    within = entries.filter(journal__effective_at__gte=start, journal__effective_at__lt=end)
    opening = _sum(entries.filter(journal__effective_at__lt=start))
    calls = _calls(owner, start, end)
    refunds = Refund.objects.filter(topup__owner=owner, created_at__gte=start, created_at__lt=end)
    return Statement(
        owner=owner,
        month=start.date(),
        opening=opening,
        closing=opening + _sum(within),
        lines=_lines(within, sum(line.calls for line in calls)),
        calls=calls,
        lots=list(owner.lots.filter(created_at__lt=end).order_by("pk").exclude(remaining=0)),
        topups=list(
            TopUp.objects.filter(owner=owner, paid_at__gte=start, paid_at__lt=end).order_by(
                "paid_at"
            )
        ),
        refunds=list(refunds.exclude(state=Refund.State.REFUSED).order_by("created_at")),
        is_final=timezone.now() >= end + timedelta(days=1),
    )


def _entries(owner: Owner) -> QuerySet[Entry]:
    return Entry.objects.filter(account__owner=owner, account__kind__in=CUSTOMER)


def _lines(within: QuerySet[Entry], calls: int) -> list[Line]:
    """One for each kind of journal; many calls are in one of theirs, so they are counted apart."""
    rows = within.values(kind=F("journal__kind")).annotate(
        count=Count("journal", distinct=True), amount=Sum("amount")
    )
    order = list(WORDS)
    found = [
        Line(
            row["kind"],
            str(WORDS.get(row["kind"], row["kind"])),
            calls if row["kind"] == "calls" else row["count"],
            row["amount"],
        )
        for row in rows
    ]
    return sorted(found, key=lambda line: order.index(line.kind) if line.kind in order else 99)


def _calls(owner: Owner, start: datetime, end: datetime) -> list[CallLine]:
    rows = Usage.objects.filter(
        payer=owner, settled_in__effective_at__gte=start, settled_in__effective_at__lt=end
    )
    grouped = rows.values("path", "version", "key_id").annotate(
        calls=Count("pk", filter=~Q(outcome=Usage.Outcome.KEPT)),
        ms=Sum("billed_ms"),
        sum_compute=Sum("compute"),
        sum_royalty=Sum("royalty"),
        charged=Sum(F("total") - F("lost")),
    )
    found = list(grouped.order_by("path", "version", "key_id"))
    keys = APIKey.objects.filter(pk__in=[row["key_id"] for row in found if row["key_id"]])
    labels: dict[UUID | None, str] = dict(keys.values_list("pk", "label"))
    return [
        CallLine(
            path=row["path"],
            version=row["version"],
            key=labels.get(row["key_id"], str(row["key_id"] or "")),
            calls=row["calls"],
            billed_ms=row["ms"],
            compute=row["sum_compute"],
            royalty=row["sum_royalty"],
            total=row["charged"],
        )
        for row in found
    ]


def _sum(entries: QuerySet[Entry]) -> int:
    total: int | None = entries.aggregate(total=Sum("amount"))["total"]
    return total or 0
