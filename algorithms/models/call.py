"""Who called what, how long it took, how it ended; and calls that nobody waits for."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from algorithms.models.algorithm import Algorithm
from algorithms.models.version import Version
from marketplace.accounts.models import Owner


class Call(models.Model):
    """The durable record of one call. Written in batches from the journal (algorithms/journal.py).

    Rows outlive what they point at, hence no database-level foreign keys; times are microseconds.
    """

    class Result(models.TextChoices):
        SUCCEEDED = "succeeded", _("Succeeded")
        FAILED = "failed", _("Failed")  # the algorithm's code, its limits or its time
        REFUSED = (
            "refused",
            _("Refused"),
        )  # never reached a sandbox: nobody is to blame but the request
        FAULT = "fault", _("Platform fault")
        CANCELLED = "cancelled", _("Cancelled")  # by its caller, or because they went away
        INTERRUPTED = "interrupted", _("Interrupted")  # the server died meanwhile

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    root_id = models.UUIDField(db_index=True)
    parent_id = models.UUIDField(null=True, blank=True)
    depth = models.PositiveSmallIntegerField(default=0)
    caller = models.ForeignKey(
        Owner, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="calls"
    )
    key_id = models.UUIDField(null=True, blank=True)
    algorithm = models.ForeignKey(
        Algorithm, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="calls"
    )
    version = models.ForeignKey(
        Version, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="calls"
    )
    build_id = models.UUIDField(null=True, blank=True)
    operation = models.CharField(
        max_length=100, blank=True, help_text="Which one, where the version has several"
    )
    result = models.CharField(max_length=12, choices=Result.choices)
    error_type = models.CharField(max_length=60, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    queue_us = models.PositiveBigIntegerField(default=0)
    start_us = models.PositiveBigIntegerField(default=0)
    load_us = models.PositiveBigIntegerField(default=0)
    run_us = models.PositiveBigIntegerField(default=0)
    total_us = models.PositiveBigIntegerField(default=0)
    input_bytes = models.PositiveBigIntegerField(default=0)
    output_bytes = models.PositiveBigIntegerField(default=0)
    output_kind = models.CharField(max_length=6, blank=True)
    price_microcredits = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="Empty while nobody is charged."
    )
    is_async = models.BooleanField(default=False)
    runner = models.CharField(max_length=100, blank=True)
    started_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [
            models.Index(fields=["algorithm", "-started_at"]),
            models.Index(fields=["caller", "-started_at"]),
        ]

    def __str__(self) -> str:
        return f"req-{self.id}"

    @property
    def total_seconds(self) -> float:
        return self.total_us / 1e6


class CallRequest(models.Model):
    """A call that nobody waits for: kept until it has run, and its answer for a while after.

    The row is the truth and the task message only a hint: rows left queued or running by a
    dead worker are queued again.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Cancelled")

    id = models.UUIDField(primary_key=True, editable=False)  # the call's id
    caller = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="call_requests")
    algorithm = models.ForeignKey(Algorithm, on_delete=models.CASCADE, related_name="requests")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    actor: models.JSONField[dict[str, object], dict[str, object]] = models.JSONField()
    target: models.JSONField[dict[str, object], dict[str, object]] = models.JSONField()
    input_kind = models.CharField(max_length=6)
    input_body = models.BinaryField()
    answer = models.BinaryField(null=True, blank=True)
    cost: models.JSONField[dict[str, Any] | None, dict[str, Any] | None] = models.JSONField(
        null=True, blank=True, help_text="Of the attempt that was answered; micro-units"
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    answered_in = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="The attempt whose answer is kept, and is paid for"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    cancel_asked_at = models.DateTimeField(
        null=True, blank=True, help_text="When its caller asked for its end"
    )
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["finished_at"],
                condition=models.Q(attempts__gt=1),
                name="requests_that_ran_again",
            ),
        ]

    def __str__(self) -> str:
        return f"req-{self.id}"
