"""One attempt to turn a commit into something that runs, and what it printed."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from algorithms.models.algorithm import Algorithm
from marketplace.accounts.models import Owner, User
from marketplace.lib.ordered_json import OrderedJSONField
from runners.models import DependencySet, Environment


class BuildQuerySet(models.QuerySet["Build"]):
    def succeeded(self) -> Self:
        return self.filter(state=Build.State.SUCCEEDED)


class Build(models.Model):
    """A commit, built. What was installed and which source was taken never changes afterwards."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        SUCCEEDED = "succeeded", _("Succeeded")
        FAILED = "failed", _("Failed")  # the author's requirements or code
        FAULT = "fault", _("Platform fault")  # ours: the author can only try again
        CANCELLED = "cancelled", _("Cancelled")

    ENDED = frozenset({State.SUCCEEDED, State.FAILED, State.FAULT, State.CANCELLED})

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    algorithm = models.ForeignKey(Algorithm, on_delete=models.CASCADE, related_name="builds")
    commit = models.CharField(max_length=40, db_index=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="builds")
    dependencies = models.ForeignKey(
        DependencySet, on_delete=models.PROTECT, null=True, blank=True, related_name="builds"
    )
    source_digest = models.CharField(max_length=64, blank=True)
    was_cached = models.BooleanField(
        null=True, blank=True, help_text="Whether its dependencies were installed already."
    )
    module = models.CharField(max_length=200, blank=True, help_text="Dotted name, src.Hello")
    contract = models.CharField(max_length=20, default="apply")
    interface: models.JSONField[dict[str, Any], dict[str, Any]] = OrderedJSONField(
        default=dict, blank=True, help_text="What can be called, as its contract describes it."
    )
    error = models.TextField(blank=True, help_text="One sentence on why it failed.")
    requested_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True)
    requested_for = models.ForeignKey(
        Owner,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="As whom they asked: themselves, or the organization of their key.",
    )
    scopes: models.JSONField[list[str], list[str]] = models.JSONField(
        default=list,
        blank=True,
        help_text="What the key they asked with allowed: the check may do no more.",
    )
    attempts = models.PositiveSmallIntegerField(
        default=0, help_text="How often a worker has taken it; the last one's word counts."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)

    objects = BuildQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["algorithm", "-created_at"])]

    def __str__(self) -> str:
        return f"{self.algorithm}@{self.commit[:8]}"

    @property
    def has_ended(self) -> bool:
        return self.state in self.ENDED

    @property
    def duration(self) -> timedelta | None:
        """From its start to its end, or to now while it runs."""
        if self.started_at is None:
            return None
        return (self.finished_at or timezone.now()) - self.started_at


class BuildLogChunk(models.Model):
    """Some lines of a build's log. `offset` is where the text starts, in characters."""

    build = models.ForeignKey(Build, on_delete=models.CASCADE, related_name="log_chunks")
    offset = models.PositiveIntegerField()
    text = models.TextField()

    class Meta:
        ordering = ["offset"]
        constraints = [
            models.UniqueConstraint(fields=["build", "offset"], name="one_chunk_per_offset"),
        ]

    def __str__(self) -> str:
        return f"{self.build} from {self.offset}"
