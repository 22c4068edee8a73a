"""What an algorithm's code reports about a call, for its author."""

from __future__ import annotations

from django.db import models

from algorithms.models.algorithm import Algorithm


class Insight(models.Model):
    """Names and values of one call. Whose call it was is not told."""

    call_id = models.UUIDField(primary_key=True)
    algorithm = models.ForeignKey(Algorithm, on_delete=models.CASCADE, related_name="insights")
    version = models.CharField(max_length=40, help_text="Its number, or the commit of a build.")
    values: models.JSONField[dict[str, object], dict[str, object]] = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["algorithm", "-created_at", "call_id"], name="newest_insights"),
            models.Index(fields=["created_at"], name="insights_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.algorithm_id} {self.version} at {self.created_at:%Y-%m-%d %H:%M:%S}"
