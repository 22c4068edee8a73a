"""What the house computes without being paid: a little each day for every account."""

from __future__ import annotations

from django.db import models

from marketplace.accounts.models import Owner


class GivenTime(models.Model):
    """How long runs that nobody paid for have taken on one day of UTC: failed, cancelled, trials."""

    owner = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="given_time")
    day = models.DateField()
    microseconds = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "day"], name="one_row_of_given_time_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.microseconds} for {self.owner_id} on {self.day}"
