"""What a payer keeps in hand: signed receipts, chained per account; and what they object to."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.usage import Usage
from marketplace.accounts.models import Owner, User


class ReceiptKey(models.Model):
    """The public half of a key that receipts were signed with; kept when another takes its place."""

    id = models.CharField(max_length=16, primary_key=True)
    public_key = models.CharField(max_length=64, help_text="Ed25519, 32 bytes in base64")
    first_used_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.id


class ReceiptChain(models.Model):
    """Where an account's chain of receipts ends; locked by whoever adds to it."""

    owner = models.OneToOneField(
        Owner, on_delete=models.PROTECT, primary_key=True, related_name="receipt_chain"
    )
    number = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"{self.number} of {self.owner_id}"


class ReceiptQuerySet(models.QuerySet["Receipt"]):
    def in_order(self) -> Self:
        return self.order_by("number")


class Receipt(models.Model):
    """What a call has cost, or what was given back for one: exactly the bytes that were signed."""

    class Kind(models.TextChoices):
        CALL = "call", _("A call")
        REFUND = "refund", _("Given back for a call")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    payer = models.ForeignKey(Owner, on_delete=models.PROTECT, related_name="receipts")
    number = models.PositiveBigIntegerField(help_text="Counts the receipts of the account")
    kind = models.CharField(max_length=6, choices=Kind.choices)
    call_id = models.UUIDField(db_index=True)
    body = models.TextField(help_text="Canonical JSON")
    digest = models.CharField(max_length=64)
    signature = models.CharField(max_length=100)
    key = models.ForeignKey(ReceiptKey, on_delete=models.PROTECT, related_name="+")
    total = models.BigIntegerField(help_text="Micro-units; below zero if given back")
    booked_at = models.DateTimeField(help_text="When the books have it")

    objects = ReceiptQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["payer", "number"], name="one_receipt_per_number_of_an_account"
            ),
        ]
        indexes = [models.Index(fields=["payer", "-booked_at"])]

    def __str__(self) -> str:
        return f"{self.number} of {self.payer_id}"


class ObjectionQuerySet(models.QuerySet["Objection"]):
    def waiting(self) -> Self:
        return self.filter(state=Objection.State.WAITING)


class Objection(models.Model):
    """What a payer says is wrong with the charge of a call, and what staff made of it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Not decided yet")
        ACCEPTED = "accepted", _("Given back")
        REFUSED = "refused", _("Refused")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    usage = models.OneToOneField(Usage, on_delete=models.PROTECT, related_name="objection")
    payer = models.ForeignKey(Owner, on_delete=models.PROTECT, related_name="objections")
    user = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=500)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    answer = models.CharField(max_length=500, blank=True)
    decided_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = ObjectionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="waiting", decided_at__isnull=True)
                | ~Q(state="waiting") & Q(decided_at__isnull=False),
                name="an_objection_is_open_until_it_is_decided",
            ),
        ]

    def __str__(self) -> str:
        return f"req-{self.usage_id} ({self.state})"
