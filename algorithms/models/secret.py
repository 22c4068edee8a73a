"""What an algorithm must know and nobody may read: a password, a key to somebody's service."""

from __future__ import annotations

import uuid
from typing import Final

from django.db import models

from algorithms.models.algorithm import Algorithm
from marketplace.lib import sealing

NAME_LENGTH: Final = 100
DESCRIPTION_LENGTH: Final = 1000


class Secret(models.Model):
    """An environment variable of every sandbox of the algorithm; its value is stored encrypted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    algorithm = models.ForeignKey(Algorithm, on_delete=models.CASCADE, related_name="secrets")
    short_name = models.CharField(max_length=NAME_LENGTH, help_text="As people read it.")
    secret_key = models.CharField(
        max_length=NAME_LENGTH, help_text="The environment variable that holds the value."
    )
    sealed_value = models.TextField(editable=False)
    description = models.CharField(max_length=DESCRIPTION_LENGTH, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    modified = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["created", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["algorithm", "secret_key"], name="one_secret_per_variable"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.secret_key} of {self.algorithm}"

    def seal(self, value: str) -> None:
        self.sealed_value = sealing.seal(value, purpose=self._purpose)

    def unseal(self) -> str:
        """Give the value, for a sandbox only; raise sealing.Unreadable if the site's key is another."""
        return sealing.unseal(self.sealed_value, purpose=self._purpose)

    @property
    def _purpose(self) -> str:
        return f"secret of algorithm {self.algorithm_id}"
