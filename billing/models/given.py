"""What the house computes without being paid: a little each day for every account."""

from __future__ import annotations

from django.db import models

from marketplace.accounts.models import Owner


class GivenTime(models.Model):
    """How long an owner's runs have taken on one day of UTC: failed and trials, and those paid."""

    owner = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="given_time")
    day = models.DateField()
    given_us = models.PositiveBigIntegerField(default=0)
    paid_us = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "day"], name="one_row_of_given_time_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.given_us} for {self.owner_id} on {self.day}"
