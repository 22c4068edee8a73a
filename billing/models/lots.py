"""Credit by where it came from, so that it can expire, be refunded and be traced."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import Owner


class LotQuerySet(models.QuerySet["Lot"]):
    def in_order_of_use(self) -> Self:
        """Gifts before money, first those that expire first; bought credit oldest first."""
        return self.filter(remaining__gt=0).order_by(
            "-is_promo", F("expires_at").asc(nulls_last=True), "pk"
        )


class Lot(models.Model):
    """An amount of credit that an owner got at once, and what is left of it."""

    class Source(models.TextChoices):
        TOPUP = "topup", _("Bought")
        GRANT = "grant", _("Given by the operator")
        MONTHLY = "monthly", _("The free credit of a month")
        REFUND = "refund", _("Given back")

    owner = models.ForeignKey(Owner, on_delete=models.PROTECT, related_name="lots")
    idem_key = models.CharField(max_length=200, unique=True)
    source = models.CharField(max_length=10, choices=Source.choices)
    is_promo = models.BooleanField(help_text="Given, not bought: its use earns authors nothing.")
    original = models.BigIntegerField()
    remaining = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True, db_index=True)
    note = models.CharField(max_length=200, blank=True)
    stripe_ref = models.CharField(max_length=200, blank=True, db_index=True)

    objects = LotQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(remaining__gte=0, remaining__lte=F("original"), original__gt=0),
                name="a_lot_is_never_more_than_it_was",
            ),
        ]
        indexes = [
            models.Index(fields=["owner"], condition=Q(remaining__gt=0), name="lots_with_credit")
        ]

    def __str__(self) -> str:
        return f"{self.remaining} of {self.original} ({self.source})"
