"""Post-paid accounts: their subscription, their usage by the hour on its way to Stripe, their invoices."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import Owner


class PostPaid(models.Model):
    """An owner who pays at the end of the month, up to a limit of credit."""

    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        PAST_DUE = "past_due", _("An invoice could not be collected yet")
        UNPAID = "unpaid", _("An invoice was not paid")
        ENDED = "ended", _("Ended")

    owner = models.OneToOneField(Owner, on_delete=models.PROTECT, related_name="postpaid")
    credit_limit = models.BigIntegerField()
    subscription_id = models.CharField(max_length=100, null=True, blank=True, unique=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    generation = models.PositiveIntegerField(default=1, help_text="How often it was begun")
    started_at = models.DateTimeField(help_text="A full hour; usage from then on goes to Stripe")
    period_end = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.owner_id} ({self.state})"


class MeterExport(models.Model):
    """What an owner used within one hour, sealed: its value never changes, what comes late is another."""

    class Meter(models.TextChoices):
        COMPUTE = "compute", _("Computing")
        ROYALTY = "royalty", _("Royalties")

    class State(models.TextChoices):
        SEALED = "sealed", _("Not sent yet")
        SENT = "sent", _("Accepted by Stripe")
        UNKNOWN = "unknown", _("Sent, and the answer was lost")
        CONFIRMED = "confirmed", _("Counted by Stripe")
        FAILED = "failed", _("Refused by Stripe")

    identifier = models.CharField(max_length=100, unique=True)
    owner = models.ForeignKey(Owner, on_delete=models.PROTECT, related_name="meter_exports")
    meter = models.CharField(max_length=7, choices=Meter.choices)
    hour = models.DateTimeField()
    seq = models.PositiveIntegerField()
    value = models.BigIntegerField(help_text="In micro-units")
    state = models.CharField(max_length=9, choices=State.choices, default=State.SEALED)
    attempts = models.PositiveIntegerField(default=0)
    first_tried_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "meter", "hour", "seq"], name="one_seal_per_hour_and_number"
            ),
            models.CheckConstraint(condition=Q(value__gt=0), name="only_usage_is_exported"),
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=("sealed", "unknown")),
                name="exports_to_send",
            ),
        ]

    def __str__(self) -> str:
        return self.identifier


class StripeInvoice(models.Model):
    """An invoice of a post-paid account, as Stripe has it."""

    id = models.CharField(max_length=100, primary_key=True)
    owner = models.ForeignKey(Owner, on_delete=models.PROTECT, related_name="stripe_invoices")
    number = models.CharField(max_length=60, blank=True)
    status = models.CharField(max_length=20)
    total = models.BigIntegerField(help_text="With tax, in micro-units")
    tax = models.BigIntegerField(default=0)
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    url = models.URLField(max_length=500, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.number} ({self.status})"
