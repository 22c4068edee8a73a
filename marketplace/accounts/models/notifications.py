"""What people are told, and how they want to be told it."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.utils import timezone

from marketplace.accounts.models.people import User
from marketplace.lib import timestamps


class NotificationQuerySet(models.QuerySet["Notification"]):
    def unread(self) -> Self:
        return self.filter(read_at__isnull=True)

    def mark_read(self) -> int:
        return self.unread().update(read_at=timezone.now())


class Notification(models.Model):
    """One thing one person was told. Ids rise, so a socket resumes after the last it has seen."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=30)
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    url = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)
    mail_state = models.CharField(
        max_length=7, blank=True, help_text="waiting, sent, failed; empty: none is wanted."
    )

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["user", "-id"], name="what_a_person_was_told"),
            models.Index(
                fields=["user"], condition=models.Q(read_at__isnull=True), name="what_is_unread"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.title}"

    @property
    def age(self) -> str:
        return timestamps.ago(self.created_at)


class NotificationChoice(models.Model):
    """Where a person wants one kind of news, if it is not where everybody gets it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notification_choices")
    kind = models.CharField(max_length=30)
    on_site = models.BooleanField()
    by_mail = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "kind"], name="one_choice_per_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.kind}"
