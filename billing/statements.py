"""What a payout is made of: every entry of the author's earnings since the payout before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.ledger import Kind
from billing.models import Entry, PayoutLine
from billing.permissions import may_see_earnings
from marketplace.accounts.actors import Actor


@dataclass(frozen=True)
class Item:
    """One movement of what an author can be paid."""

    at: datetime
    what: str
    amount: int
    journal: str


@dataclass(frozen=True)
class PayoutStatement:
    """From what was there after the payout before to what is there after this one."""

    brought_forward: int
    items: Sequence[Item]
    paid: int
    carried_forward: int


def of_payout(line: PayoutLine, *, by: Actor) -> PayoutStatement:
    """The books' own account of one payout; its numbers sum up."""
    by.require(may_see_earnings, line.author)
    entries = Entry.objects.filter(
        account__owner_id=line.author_id, account__kind=Kind.AUTHOR_AVAILABLE
    ).select_related("journal")
    frozen = entries.get(journal__idem_key=f"payout:{line.pk}")
    before = (
        PayoutLine.objects.filter(author_id=line.author_id, pk__lt=line.pk).order_by("-pk").first()
    )
    since = entries.get(journal__idem_key=f"payout:{before.pk}").pk if before is not None else 0
    items = [
        Item(entry.journal.effective_at, entry.journal.kind, entry.amount, entry.journal.idem_key)
        for entry in entries.filter(pk__gt=since, pk__lt=frozen.pk).order_by("pk")
    ]
    moved = sum(item.amount for item in items)
    brought = line.balance_before - moved
    return PayoutStatement(brought, items, line.amount, line.balance_before - line.amount)
