"""What is remembered so that an account stays its person's: failures, and who did what."""

from __future__ import annotations

from django.db import models

from marketplace.accounts.models.keys import APIKey
from marketplace.accounts.models.people import User


class FailedSignIn(models.Model):
    """One wrong password. Kept for a day, to slow down who guesses."""

    at = models.DateTimeField(db_index=True)
    login_digest = models.CharField(
        max_length=64,
        db_index=True,
        help_text="A hash of what was typed: people type passwords into the wrong field.",
    )
    address = models.CharField(max_length=45, db_index=True, blank=True)

    def __str__(self) -> str:
        return f"{self.address} at {self.at}"


class AuditEntry(models.Model):
    """Who did what, when. Written once, never edited."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor_name = models.CharField(max_length=100)
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True)
    key = models.ForeignKey(APIKey, on_delete=models.SET_NULL, null=True, blank=True)
    action = models.CharField(max_length=60)
    target = models.CharField(max_length=200)
    details: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(
        default=dict, blank=True
    )

    class Meta:
        verbose_name_plural = "audit entries"
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action} {self.target}"
