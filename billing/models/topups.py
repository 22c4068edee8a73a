"""Money that comes in by card, and how it goes back: top-ups, refunds, disputes."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.accounts import MOST
from billing.models.lots import Lot
from marketplace.accounts.models import Owner, User


class TopUpQuerySet(models.QuerySet["TopUp"]):
    def waiting(self) -> Self:
        return self.filter(state=TopUp.State.WAITING)


class TopUp(models.Model):
    """Credit that somebody wants to buy. It is theirs when Stripe says that it is paid."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Not paid yet")
        PAID = "paid", _("Paid")
        FAILED = "failed", _("Refused")
        EXPIRED = "expired", _("Given up")

    class Way(models.TextChoices):
        CHECKOUT = "checkout", _("Paid on Stripe's page")
        RECHARGE = "recharge", _("Charged to the saved card by itself")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(Owner, on_delete=models.PROTECT, related_name="topups")
    user = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    way = models.CharField(max_length=8, choices=Way.choices)
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    amount = models.BigIntegerField(help_text="The credit, in micro-units, without tax")
    tax = models.BigIntegerField(default=0)
    fee = models.BigIntegerField(default=0, help_text="What Stripe kept of it; the house bears it")
    session_id = models.CharField(max_length=100, null=True, blank=True, unique=True)
    payment_id = models.CharField(max_length=100, blank=True, db_index=True)
    charge_id = models.CharField(max_length=100, blank=True, db_index=True)
    invoice_id = models.CharField(max_length=100, blank=True)
    invoice_url = models.URLField(max_length=500, blank=True)
    card_fingerprint = models.CharField(max_length=100, blank=True)
    lot = models.OneToOneField(
        Lot, on_delete=models.PROTECT, null=True, blank=True, related_name="topup"
    )
    refusal = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    paid_at = models.DateTimeField(null=True, blank=True)

    objects = TopUpQuerySet.as_manager()

    class Meta:
        verbose_name = "top-up"
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, amount__lte=MOST, tax__gte=0, fee__gte=0),
                name="a_topup_is_an_amount",
            ),
            models.CheckConstraint(
                condition=Q(state="paid", lot__isnull=False)
                | ~Q(state="paid") & Q(lot__isnull=True),
                name="credit_for_a_topup_that_is_paid_and_no_other",
            ),
            models.UniqueConstraint(
                fields=["owner"],
                condition=Q(way="recharge", state="waiting"),
                name="one_recharge_in_flight",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} for {self.owner_id} ({self.state})"


class AutoRecharge(models.Model):
    """An owner's order to buy credit with the saved card when it runs low."""

    owner = models.OneToOneField(Owner, on_delete=models.PROTECT, related_name="auto_recharge")
    is_on = models.BooleanField(default=False)
    threshold = models.BigIntegerField(help_text="Below this, in micro-units")
    amount = models.BigIntegerField()
    monthly_cap = models.BigIntegerField(help_text="Never more than this in a month of UTC")
    failures = models.PositiveSmallIntegerField(default=0)
    stopped_because = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(threshold__gt=0, amount__gt=0, monthly_cap__gte=models.F("amount")),
                name="a_recharge_fits_its_cap",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} below {self.threshold} for {self.owner_id}"


class Refund(models.Model):
    """Unspent credit on its way back to the card it came from."""

    class State(models.TextChoices):
        SENDING = "sending", _("On its way to Stripe")
        DONE = "done", _("Given back")
        REFUSED = "refused", _("Refused; the credit is back")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    topup = models.ForeignKey(TopUp, on_delete=models.PROTECT, related_name="refunds")
    amount = models.BigIntegerField(help_text="Of the credit, in micro-units")
    tax = models.BigIntegerField(default=0, help_text="Given back with it")
    state = models.CharField(max_length=7, choices=State.choices, default=State.SENDING)
    stripe_id = models.CharField(max_length=100, null=True, blank=True, unique=True)
    reason = models.CharField(max_length=200, blank=True)
    user = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.amount} of {self.topup_id} ({self.state})"


class Dispute(models.Model):
    """A payment that the cardholder's bank has taken back until it is decided who is right."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        WON = "won", _("Won")
        LOST = "lost", _("Lost")

    id = models.CharField(max_length=100, primary_key=True, help_text="Stripe's")
    topup = models.ForeignKey(
        TopUp, on_delete=models.PROTECT, null=True, blank=True, related_name="disputes"
    )
    charge_id = models.CharField(max_length=100)
    amount = models.BigIntegerField()
    fee = models.BigIntegerField(default=0)
    reason = models.CharField(max_length=60, blank=True)
    state = models.CharField(max_length=4, choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.id} ({self.state})"


class EarningHold(models.Model):
    """A royalty that came out of a disputed payment, kept back until that is decided."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="holds")
    author = models.ForeignKey(Owner, on_delete=models.PROTECT, related_name="earning_holds")
    amount = models.BigIntegerField()
    is_open = models.BooleanField(default=True)
    taken = models.BigIntegerField(default=0, help_text="What of it was taken back in the end")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dispute", "author"], name="one_hold_per_author"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, taken__gte=0), name="a_hold_is_an_amount"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of {self.author_id} for {self.dispute_id}"
