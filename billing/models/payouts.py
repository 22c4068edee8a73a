"""Paying authors: their account at Stripe, the runs, and each author's line in them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import Owner, User


class PayoutAccount(models.Model):
    """Where an author is paid: an account at Stripe Connect."""

    owner = models.OneToOneField(Owner, on_delete=models.PROTECT, related_name="payout_account")
    stripe_id = models.CharField(max_length=100, unique=True)
    is_live = models.BooleanField()
    country = models.CharField(max_length=2)
    is_ready = models.BooleanField(default=False, help_text="Money can be transferred to it.")
    is_submitted = models.BooleanField(default=False)
    wants: models.JSONField[list[str], list[str]] = models.JSONField(
        default=list, blank=True, help_text="What Stripe still asks the author"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.stripe_id


class PayoutRun(models.Model):
    """One round of payouts: who gets what is frozen first, then transferred line by line."""

    name = models.CharField(
        max_length=60, unique=True, help_text="Such as 2026-11, or an author's own"
    )
    created_at = models.DateTimeField(default=timezone.now)
    user = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    finished_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class PayoutLine(models.Model):
    """What one author gets in a run."""

    class State(models.TextChoices):
        FROZEN = "frozen", _("To be transferred")
        PAID = "paid", _("Transferred")
        WAITING = "waiting", _("Refused for now; tried again")
        RETURNED = "returned", _("Taken back; the money is with the author's earnings again")

    run = models.ForeignKey(PayoutRun, on_delete=models.PROTECT, related_name="lines")
    author = models.ForeignKey(Owner, on_delete=models.PROTECT, related_name="payout_lines")
    destination = models.CharField(max_length=100)
    amount = models.BigIntegerField(help_text="In micro-units; a whole number of cents")
    state = models.CharField(max_length=8, choices=State.choices, default=State.FROZEN)
    attempt = models.PositiveIntegerField(
        default=1, help_text="Part of the idempotency key; grows after a definite refusal only"
    )
    first_tried_at = models.DateTimeField(null=True, blank=True)
    transfer_id = models.CharField(max_length=100, null=True, blank=True, unique=True)
    last_error = models.CharField(max_length=300, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    balance_before = models.BigIntegerField(help_text="Available when the line was frozen")
    reserve = models.BigIntegerField(default=0, help_text="Kept back of it for the time being")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "author"], name="one_line_per_author_and_run"),
            models.UniqueConstraint(
                fields=["author"],
                condition=Q(state__in=("frozen", "waiting")),
                name="one_payout_of_an_author_at_a_time",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_payout_is_an_amount"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} for {self.author_id} ({self.state})"
