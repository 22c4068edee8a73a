"""A run that its caller wants to keep and show: what went in, what came out, for whom, how long."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from algorithms.models.algorithm import Algorithm
from algorithms.models.version import Version
from marketplace.accounts.models import Owner


class RunQuerySet(models.QuerySet["Run"]):
    def kept(self) -> Self:
        """Those whose time has not come yet."""
        return self.filter(expires_at__gt=timezone.now())


class Run(models.Model):
    """One call with its input and output, at an address of its own. Nothing is kept unasked."""

    class Visibility(models.TextChoices):
        UNLISTED = "unlisted", _("Anybody who has the link")
        PRIVATE = "private", _("Only you")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call_id = models.UUIDField(null=True, blank=True, help_text="The call it tells of.")
    kept_by = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="kept_runs")
    algorithm = models.ForeignKey(Algorithm, on_delete=models.CASCADE, related_name="kept_runs")
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="kept_runs")
    visibility = models.CharField(
        max_length=8, choices=Visibility.choices, default=Visibility.UNLISTED
    )
    input = models.TextField(help_text="As it was sent: JSON, or else text.")
    answer = models.TextField(help_text="Result or error, as the site answered.")
    seconds = models.FloatField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.algorithm} at {self.created_at:%Y-%m-%d %H:%M}"
