"""What an owner allows to be spent by whom, and the operator's emergency stop."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.accounts import MOST
from marketplace.accounts.models import APIKey, Owner, User


class BudgetQuerySet(models.QuerySet["Budget"]):
    def in_force(self) -> Self:
        return self.filter(ended_at__isnull=True)


class Budget(models.Model):
    """At most so much in each day, in each month (of UTC) or ever, for a part of an owner's calls."""

    class Scope(models.TextChoices):
        ACCOUNT = "account", _("Everything the account pays")
        KEY = "key", _("Calls with one API key")
        MEMBER = "member", _("Calls of one person")
        ALGORITHM = "algorithm", _("Calls of one algorithm")

    class Period(models.TextChoices):
        DAY = "day", _("A day")
        MONTH = "month", _("A month")
        LIFETIME = "lifetime", _("Ever")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(Owner, on_delete=models.PROTECT, related_name="budgets")
    scope = models.CharField(max_length=9, choices=Scope.choices)
    key = models.ForeignKey(APIKey, on_delete=models.SET_NULL, null=True, blank=True)
    member = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True)
    algorithm_id = models.UUIDField(null=True, blank=True)
    subject = models.CharField(max_length=150, help_text="What it bounds, as people read it")
    period = models.CharField(max_length=8, choices=Period.choices)
    amount = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = BudgetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gte=0, amount__lte=MOST), name="a_budget_is_an_amount"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} by {self.period}"

    def window(self, now: datetime) -> tuple[datetime, datetime | None]:
        """When the window that `now` lies in begins and ends; days and months are those of UTC."""
        day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        if self.period == self.Period.DAY:
            return day, day + timedelta(days=1)
        if self.period == self.Period.MONTH:
            first = day.replace(day=1)
            return first, (first + timedelta(days=32)).replace(day=1)
        return datetime(2000, 1, 1, tzinfo=UTC), None


class SpendStop(models.Model):
    """While one is not lifted, nobody can spend anything on the whole site."""

    since = models.DateTimeField(auto_now_add=True)
    reason = models.CharField(max_length=200)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                models.Value(1),
                condition=Q(lifted_at__isnull=True),
                name="one_stop_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return self.reason
