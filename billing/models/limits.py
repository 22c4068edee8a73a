"""What bounds spending, and what of it processes have set aside for calls.

A *limit* is an owner's wallet, one window of a budget, or the Max-Cost of one tree of calls.
Every process that takes calls is a *spender* and keeps a *lease* on each limit it spends
from: an amount that only it may hand out, in memory, call by call. What is held of a limit is
the sum of its leases and of the usage that has not been settled yet.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.budgets import Budget
from marketplace.accounts.models import Owner


class Limit(models.Model):
    """So much may be spent; so much has been, and so much is spoken for."""

    class Kind(models.TextChoices):
        WALLET = "wallet", _("Wallet")
        WINDOW = "window", _("Window of a budget")
        TREE = "tree", _("Max-Cost of a call")

    kind = models.CharField(max_length=6, choices=Kind.choices)
    owner = models.ForeignKey(Owner, on_delete=models.PROTECT, related_name="spending_limits")
    budget = models.ForeignKey(
        Budget, on_delete=models.PROTECT, null=True, blank=True, related_name="windows"
    )
    call_id = models.UUIDField(null=True, blank=True, help_text="The call that has the Max-Cost")
    limit_ids: models.JSONField[list[int], list[int]] = models.JSONField(
        default=list, blank=True, help_text="Of a tree: the limits that it is charged to as well"
    )
    within = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Of a tree: the larger one whose ceiling it has a part of",
    )
    spender_id = models.UUIDField(null=True, blank=True, help_text="Of a tree: who runs its root")
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(
        null=True, blank=True, help_text="Of a tree: when its root has ended"
    )
    ceiling = models.BigIntegerField(
        default=0, help_text="Of a wallet: what is in its accounts, and its credit limit."
    )
    spent = models.BigIntegerField(default=0, help_text="Of a wallet 0: it leaves the accounts.")
    held = models.BigIntegerField(default=0)
    credit_limit = models.BigIntegerField(default=0, help_text="How far a wallet may go below 0.")
    frozen_because = models.CharField(max_length=200, blank=True)
    is_frozen_by_staff = models.BooleanField(
        default=False, help_text="Nothing but staff's word ends the freeze"
    )
    payouts_frozen_because = models.CharField(
        max_length=200, blank=True, help_text="Of a wallet: why staff pay its owner nothing"
    )
    granted_for = models.DateField(
        null=True, blank=True, help_text="The month whose free credit the wallet got last"
    )
    budgets_version = models.PositiveIntegerField(
        default=0, help_text="Of a wallet: counts changes to its owner's budgets"
    )
    alerted_percent = models.PositiveSmallIntegerField(default=0)
    recalled_at = models.DateTimeField(
        null=True, blank=True, help_text="When a spender near the limit last asked for slack"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner"], condition=Q(kind="wallet"), name="one_wallet_per_owner"
            ),
            models.UniqueConstraint(
                fields=["budget", "starts_at"],
                condition=Q(kind="window"),
                name="one_window_per_budget_and_time",
            ),
            models.UniqueConstraint(
                fields=["call_id"], condition=Q(kind="tree"), name="one_cap_per_tree_of_calls"
            ),
            models.CheckConstraint(
                condition=Q(held__gte=0, spent__gte=0, credit_limit__gte=0),
                name="nothing_held_or_spent_is_negative",
            ),
            models.CheckConstraint(
                condition=Q(ceiling__gte=F("spent") + F("held")), name="never_overspent"
            ),
            models.CheckConstraint(
                condition=Q(kind="window", budget__isnull=False)
                | Q(kind="tree", call_id__isnull=False)
                | Q(kind="wallet", budget__isnull=True, spent=0),
                name="a_window_has_a_budget_and_a_cap_has_a_call",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} of {self.owner_id}"

    @property
    def available(self) -> int:
        return self.ceiling - self.spent - self.held

    @property
    def holder_ids(self) -> list[int]:
        """Of a tree: the limits in which its ceiling is set aside."""
        return self.limit_ids if self.within_id is None else [self.within_id]


class Spender(models.Model):
    """A process that admits calls; it says every few seconds that it lives."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    host = models.CharField(max_length=100, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"{self.host} {self.id}"


class Lease(models.Model):
    """What one spender may hand out of a limit without asking again."""

    spender = models.ForeignKey(Spender, on_delete=models.CASCADE, related_name="leases")
    limit = models.ForeignKey(Limit, on_delete=models.CASCADE, related_name="leases")
    amount = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["spender", "limit"], name="one_lease_per_spender_and_limit"
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="a_lease_is_never_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of limit {self.limit_id}"
