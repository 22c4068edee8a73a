"""What happened, written once: journals and their entries. Triggers keep them as they are."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from billing.models.accounts import MOST, Account
from billing.models.lots import Lot


class Journal(models.Model):
    """One thing that happened, named by its key so that it cannot happen twice."""

    idem_key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=40, db_index=True)
    effective_at = models.DateTimeField(default=timezone.now, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)
    reverses = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="reversed_by"
    )
    ref_type = models.CharField(max_length=40, blank=True)
    ref_id = models.CharField(max_length=200, blank=True)
    meta: models.JSONField[dict[str, object], dict[str, object]] = models.JSONField(
        default=dict, blank=True
    )

    class Meta:
        indexes = [models.Index(fields=["ref_type", "ref_id"])]

    def __str__(self) -> str:
        return self.idem_key


class Entry(models.Model):
    """One leg of a journal: so much to (positive) or from (negative) an account."""

    journal = models.ForeignKey(Journal, on_delete=models.PROTECT, related_name="entries")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="entries")
    amount = models.BigIntegerField()
    lot = models.ForeignKey(
        Lot, on_delete=models.PROTECT, null=True, blank=True, related_name="entries"
    )

    class Meta:
        verbose_name_plural = "entries"
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="an_entry_moves_something"),
            models.CheckConstraint(
                condition=Q(amount__gte=-MOST, amount__lte=MOST),
                name="an_entry_moves_no_fantastic_amount",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount:+} {self.account}"
