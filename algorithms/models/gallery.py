"""Pictures on the page of an algorithm, in their author's order; the first is its thumbnail."""

from __future__ import annotations

import uuid

from django.db import models

from algorithms.models.algorithm import Algorithm


class AlgorithmImage(models.Model):
    """A picture as it was written anew here: nothing of an uploaded file is served as it came."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    algorithm = models.ForeignKey(Algorithm, on_delete=models.CASCADE, related_name="images")
    position = models.PositiveSmallIntegerField()
    description = models.CharField(
        max_length=200, help_text="What can be seen, for those who cannot."
    )
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    content = models.BinaryField(help_text="WebP")
    thumbnail = models.BinaryField(help_text="WebP, small enough for a card")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["position", "created_at"]

    def __str__(self) -> str:
        return f"picture {self.position} of {self.algorithm}"
