"""Something an author has asked for that takes a while: how far it is, and how it ended."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from algorithms.models.algorithm import Algorithm
from algorithms.models.build import Build
from algorithms.models.gate import Evaluation
from algorithms.models.version import Version
from marketplace.accounts.models import APIKey, Owner, User


class Work(models.Model):
    """The row is the truth; a task does it, and notes each step."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    step = models.CharField(max_length=200, blank=True, help_text="What is being done, in words.")
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0, help_text="Of how many; 0 if it is not known.")
    error = models.TextField(blank=True, help_text="Why it failed, for who has asked.")
    wanted: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    requested_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    requested_with = models.ForeignKey(
        APIKey, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def has_ended(self) -> bool:
        return self.state in (self.State.DONE, self.State.FAILED)


class Import(Work):
    """An algorithm made of files that exist already: a git repository, or an archive."""

    owner = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=30)
    source = models.CharField(
        max_length=400, help_text="Where the files come from, as it is shown."
    )
    contract = models.CharField(max_length=20, blank=True, help_text="What was found, once it was.")
    algorithm = models.ForeignKey(
        Algorithm, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        indexes = [models.Index(fields=["state", "created_at"])]

    def __str__(self) -> str:
        return f"{self.owner}/{self.name} from {self.source}"


class Publication(Work):
    """A publish that has to pass a gate first, which takes as long as its rows do."""

    algorithm = models.ForeignKey(Algorithm, on_delete=models.CASCADE, related_name="publications")
    build = models.ForeignKey(Build, on_delete=models.CASCADE, related_name="publications")
    evaluation = models.OneToOneField(
        Evaluation, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    version = models.OneToOneField(
        Version, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["algorithm"],
                condition=models.Q(state__in=("queued", "running")),
                name="one_publication_at_a_time",
            )
        ]
        indexes = [models.Index(fields=["algorithm", "-created_at"])]

    def __str__(self) -> str:
        return f"{self.build} on its way to be published"

    @property
    def stage(self) -> str:
        """In a word: queued, scoring, passed, refused or failed."""
        if self.state == self.State.QUEUED:
            return "queued"
        if self.state == self.State.RUNNING:
            return "scoring"
        if self.state == self.State.DONE:
            return "passed"
        return "refused" if self.evaluation_id else "failed"
