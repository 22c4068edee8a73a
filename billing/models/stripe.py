"""What we know of Stripe: who is which customer, what it has told us, which cash is which journal."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from billing.models.journals import Journal
from marketplace.accounts.models import Owner


class StripeCustomer(models.Model):
    """An owner as Stripe knows them, and the card they have left for later."""

    owner = models.OneToOneField(Owner, on_delete=models.PROTECT, related_name="stripe_customer")
    stripe_id = models.CharField(max_length=100, unique=True)
    is_live = models.BooleanField()
    card_id = models.CharField(max_length=100, blank=True)
    card_label = models.CharField(max_length=60, blank=True)
    card_fingerprint = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.stripe_id


class StripeThing(models.Model):
    """Something made once at Stripe for the whole site: a meter, a price, the portal's settings."""

    name = models.CharField(max_length=60)
    is_live = models.BooleanField()
    stripe_id = models.CharField(max_length=100)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "is_live"], name="one_thing_of_a_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.stripe_id}"


class StripeEvent(models.Model):
    """What Stripe has told us. Stored once, then worked off from here; what it says is looked up."""

    id = models.CharField(max_length=100, primary_key=True)
    type = models.CharField(max_length=100)
    object_id = models.CharField(max_length=100, blank=True)
    api_version = models.CharField(max_length=60, blank=True)
    is_live = models.BooleanField()
    payload: models.JSONField[dict[str, object], dict[str, object]] = models.JSONField()
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now)
    processed_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    last_error = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(processed_at__isnull=True),
                name="events_to_work_off",
            ),
            models.Index(fields=["happened_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"


class CashMove(models.Model):
    """Which object at Stripe a journal's cash belongs to: its balance transactions name the same."""

    journal = models.OneToOneField(Journal, on_delete=models.PROTECT, related_name="cash_move")
    source = models.CharField(max_length=100, db_index=True)

    def __str__(self) -> str:
        return f"{self.source}: {self.journal_id}"
