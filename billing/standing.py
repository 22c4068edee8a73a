"""How an account stands at a glance: what it has, what is set aside, how long it will last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db.models import Sum
from django.utils import timezone

from billing import budgets, grants
from billing.budgets import Standing
from billing.models import Lot, Usage
from billing.permissions import may_see_bills
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner

BURN_DAYS: Final = 7


@dataclass(frozen=True)
class Outlook:
    """Micro-units. The burn rate is that of the last seven days."""

    balance: int
    held: int
    credit_limit: int
    frozen_because: str
    burn: int
    lots: list[Lot]
    latest: list[Usage]
    budgets: list[Standing]

    @property
    def days_left(self) -> int | None:
        """How long the balance lasts at this rate; None if nothing is spent."""
        return max(0, self.balance) // self.burn if self.burn else None


def of(owner: Owner, *, by: Actor) -> Outlook:
    by.require(may_see_bills, owner)
    wallet = grants.wallet_of(owner.pk)
    since = timezone.now() - timedelta(days=BURN_DAYS)
    calls = Usage.objects.filter(payer=owner)
    spent = calls.filter(at__gte=since).aggregate(total=Sum("total"))["total"] or 0
    return Outlook(
        balance=wallet.ceiling - wallet.credit_limit if wallet is not None else 0,
        held=wallet.held if wallet is not None else 0,
        credit_limit=wallet.credit_limit if wallet is not None else 0,
        frozen_because=wallet.frozen_because if wallet is not None else "",
        burn=-(-spent // BURN_DAYS),
        lots=list(Lot.objects.filter(owner=owner).in_order_of_use()),
        latest=list(calls.order_by("-at")[:8]),
        budgets=budgets.standings(owner.budgets.in_force().order_by("created_at")),
    )
