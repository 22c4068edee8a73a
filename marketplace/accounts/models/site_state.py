"""The site itself: what its staff have set, what it announces, and how it has been doing."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models.people import Owner, User


class SiteSettings(models.Model):
    """What staff have set for the whole site: one row. Empty means what the environment says."""

    class SignUp(models.TextChoices):
        OPEN = "open", _("Open: anybody may make an account")
        INVITE = "invite", _("By invitation: an invitation code is needed")
        CLOSED = "closed", _("Closed: nobody may, only staff add people")

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    title = models.CharField(max_length=60, blank=True)
    terms_url = models.CharField(max_length=500, blank=True)
    sign_up = models.CharField(max_length=6, choices=SignUp.choices, default=SignUp.OPEN)
    calls_at_once = models.PositiveIntegerField(null=True, blank=True)
    storage_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    builds_at_once = models.PositiveIntegerField(null=True, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "site settings"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_row_of_site_settings")]

    def __str__(self) -> str:
        return "site settings"


class OwnerLimits(models.Model):
    """Where one owner's limits differ from the site's. Empty means: as everybody's."""

    owner = models.OneToOneField(Owner, on_delete=models.CASCADE, related_name="limits")
    calls_at_once = models.PositiveIntegerField(null=True, blank=True)
    storage_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    builds_at_once = models.PositiveIntegerField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "owner limits"

    def __str__(self) -> str:
        return f"limits of {self.owner}"


class InviteCode(models.Model):
    """Lets people make an account while sign-up is by invitation."""

    code = models.CharField(max_length=40, unique=True)
    comment = models.CharField(max_length=200, blank=True)
    uses_left = models.PositiveIntegerField(default=1)
    expires_at = models.DateTimeField(null=True, blank=True)
    made_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.code


class AnnouncementQuerySet(models.QuerySet["Announcement"]):
    def shown_at(self, moment: datetime) -> Self:
        ongoing = Q(ends_at__isnull=True) | Q(ends_at__gt=moment)
        return self.filter(ongoing, starts_at__lte=moment)


class Announcement(models.Model):
    """A sentence on every page, for a time."""

    class Severity(models.TextChoices):
        INFO = "info", _("Information")
        WARNING = "warning", _("Warning")
        ERROR = "error", _("Urgent")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    text = models.CharField(max_length=300)
    link = models.CharField(max_length=500, blank=True)
    severity = models.CharField(max_length=7, choices=Severity.choices, default=Severity.INFO)
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True, blank=True)
    is_dismissible = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AnnouncementQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="an_announcement_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]


class HealthDay(models.Model):
    """How often a component was looked at on one day, and how often it was not well."""

    component = models.CharField(max_length=20)
    day = models.DateField(db_index=True)
    samples = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    is_well = models.BooleanField(default=True, help_text="What the last look said.")
    note = models.CharField(max_length=200, blank=True)
    sampled_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["component", "day"], name="one_row_per_day"),
            models.CheckConstraint(
                condition=Q(failures__lte=F("samples")), name="no_more_failures_than_samples"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.component} on {self.day}"


class Incident(models.Model):
    """What went wrong, told by staff while it goes on and after."""

    class State(models.TextChoices):
        INVESTIGATING = "investigating", _("Investigating")
        IDENTIFIED = "identified", _("Cause found")
        WATCHING = "watching", _("Watching")
        RESOLVED = "resolved", _("Resolved")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.CharField(max_length=120)
    state = models.CharField(max_length=13, choices=State.choices, default=State.INVESTIGATING)
    started_at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return self.title


class IncidentUpdate(models.Model):
    """One thing that staff said about an incident."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="updates")
    state = models.CharField(max_length=13, choices=Incident.State.choices)
    text = models.CharField(max_length=2000)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-made_at"]

    def __str__(self) -> str:
        return f"{self.incident}: {self.state}"
