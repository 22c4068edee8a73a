"""What is remembered so that an account stays its person's: failures, and who did what."""

from __future__ import annotations

from typing import Final

from django.db import models

from marketplace.accounts.models.keys import APIKey
from marketplace.accounts.models.people import User
from marketplace.lib import sealing

_PURPOSE: Final = "authenticator of user {}"


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


class Attempt(models.Model):
    """Something of which one may do only so much in a while: see accounts/limits.py."""

    what = models.CharField(max_length=30)
    who = models.CharField(max_length=64, help_text="An address or an account, hashed.")
    at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [models.Index(fields=["what", "who", "at"], name="attempts_of_somebody")]

    def __str__(self) -> str:
        return f"{self.what} at {self.at}"


class Authenticator(models.Model):
    """The secret that a person's authenticator app shares with us; sealed at rest."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="authenticator")
    sealed_secret = models.TextField(editable=False)
    confirmed_at = models.DateTimeField(
        null=True, blank=True, help_text="When a first code was right; until then it asks nobody."
    )
    last_step = models.BigIntegerField(
        default=0, help_text="The time step of the last accepted code: no code counts twice."
    )

    def __str__(self) -> str:
        return f"authenticator of {self.user}"

    def seal(self, secret: str) -> None:
        self.sealed_secret = sealing.seal(secret, purpose=_PURPOSE.format(self.user_id))

    def unseal(self) -> str:
        return sealing.unseal(self.sealed_secret, purpose=_PURPOSE.format(self.user_id))


class RecoveryCode(models.Model):
    """Lets a person in once without their authenticator."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "digest"], name="one_row_per_recovery_code"),
        ]

    def __str__(self) -> str:
        return f"recovery code of {self.user}"


class Passkey(models.Model):
    """A WebAuthn credential: its public half, which is worth nothing to a thief."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="passkeys")
    label = models.CharField(max_length=100)
    credential_id = models.CharField(max_length=1400, unique=True, help_text="In base64url.")
    public_key = models.BinaryField()
    sign_count = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.label} of {self.user}"


class SignedInBrowser(models.Model):
    """A session in words: which browser, from where, and when it was last seen."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="browsers")
    session_key = models.CharField(max_length=40, unique=True)
    agent = models.CharField(max_length=300, blank=True)
    address = models.CharField(max_length=45, blank=True)
    method = models.CharField(max_length=30, help_text="How the person came in.")
    created_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user} with {self.agent[:40]}"


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
