"""Whether the books say what Stripe says: each comparison, and what it found."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ReconciliationRun(models.Model):
    """One comparison of everything."""

    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    is_balanced = models.BooleanField(default=False)
    compared: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(
        default=dict, help_text="How many of each thing were looked at"
    )

    class Meta:
        get_latest_by = "started_at"

    def __str__(self) -> str:
        return (
            f"{self.started_at:%Y-%m-%d %H:%M} {'balanced' if self.is_balanced else 'not balanced'}"
        )


class Finding(models.Model):
    """Something that does not agree."""

    class Kind(models.TextChoices):
        CASH_UNBOOKED = "cash_unbooked", _("Money at Stripe that is in no journal")
        CASH_MISSING = "cash_missing", _("A journal whose money is not at Stripe")
        CASH_DIFFERS = "cash_differs", _("A journal and Stripe name different amounts")
        BALANCE_DIFFERS = "balance_differs", _("The cash account is not what Stripe holds")
        EVENT_MISSED = "event_missed", _("Something Stripe told us never arrived")
        EVENT_STUCK = "event_stuck", _("Something Stripe told us cannot be worked off")
        USAGE_DIFFERS = "usage_differs", _("Stripe has counted other usage than we have")
        USAGE_STUCK = "usage_stuck", _("Usage has not reached Stripe in time")
        USAGE_REFUSED = "usage_refused", _("Stripe could not count usage")
        PAYOUT_DIFFERS = "payout_differs", _("A payout and its transfer do not agree")
        PROJECTION_DIFFERS = "projection_differs", _("A balance is not the sum of its entries")
        NOT_ZERO = "not_zero", _("All entries together are not zero")
        HOLDS_DIFFER = "holds_differ", _("What is set aside is not what calls have open")
        LOTS_DIFFER = "lots_differ", _("Lots are not what customers have")

    run = models.ForeignKey(
        ReconciliationRun, on_delete=models.CASCADE, null=True, blank=True, related_name="findings"
    )
    kind = models.CharField(max_length=20, choices=Kind.choices)
    subject = models.CharField(max_length=200, help_text="An id, here or at Stripe")
    sentence = models.CharField(max_length=500)
    expected = models.BigIntegerField(null=True, blank=True)
    found = models.BigIntegerField(null=True, blank=True)
    found_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(
        null=True, blank=True, help_text="When staff had dealt with it"
    )

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"
