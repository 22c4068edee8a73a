"""One published build. It never changes; only who may call it can be narrowed."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from algorithms.models.algorithm import Algorithm
from algorithms.models.build import Build
from marketplace.accounts.models import User
from marketplace.lib.ordered_json import OrderedJSONField
from marketplace.lib.semver import SemVer


class VersionQuerySet(models.QuerySet["Version"]):
    def public(self) -> Self:
        """Those offered to everyone; one that was withdrawn is not offered any more."""
        return self.ever_public().filter(yanked_at__isnull=True)

    def ever_public(self) -> Self:
        """Those that somebody may have pinned, the withdrawn ones included."""
        granted = (Version.Approval.UNASKED, Version.Approval.APPROVED)
        return self.filter(callability=Version.Callability.PUBLIC, approval__in=granted)

    def waiting(self) -> Self:
        """Those that an organization's administrators have yet to approve."""
        return self.filter(approval=Version.Approval.WAITING)

    def among_members(self) -> Self:
        """Those that only the owner's people may call: private, not approved yet, or refused."""
        kept = (Version.Approval.WAITING, Version.Approval.REFUSED)
        private = models.Q(callability=Version.Callability.PRIVATE)
        return self.filter(private | models.Q(approval__in=kept))

    def newest_first(self) -> Self:
        return self.order_by("-major", "-minor", "-revision")


class Version(models.Model):
    class Callability(models.TextChoices):
        PUBLIC = "public", _("Public: anybody with a key")
        PRIVATE = "private", _("Private: only the owner")

    class Approval(models.TextChoices):
        """What the organization says of a public version; until it is approved nobody else calls it."""

        UNASKED = "", _("Not asked for")
        WAITING = "waiting", _("Waits for approval")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", _("Refused")

    class SchemaSource(models.TextChoices):
        """Where the schemas come from, the most reliable first."""

        DECLARED = "declared", _("Declared by the author")
        SIGNATURE = "signature", _("Read from the type hints of apply")
        DOCSTRING = "docstring", _("Read from the docstring of apply")
        SAMPLE = "sample", _("Guessed from the sample input and output")
        UNKNOWN = "", _("Not known")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    algorithm = models.ForeignKey(Algorithm, on_delete=models.CASCADE, related_name="versions")
    build = models.OneToOneField(Build, on_delete=models.PROTECT, related_name="version")
    major = models.PositiveIntegerField()
    minor = models.PositiveIntegerField()
    revision = models.PositiveIntegerField()
    callability = models.CharField(
        max_length=7, choices=Callability.choices, default=Callability.PRIVATE
    )
    royalty_microcredits = models.PositiveBigIntegerField(default=0)
    network_access = models.CharField(max_length=10, choices=Algorithm.NetworkAccess.choices)
    may_call_others = models.BooleanField()
    keeps_insights = models.BooleanField(default=False)
    is_shareable = models.BooleanField(default=False)
    release_notes = models.TextField(blank=True)
    sample_input = models.TextField(blank=True)
    sample_output = models.TextField(blank=True)
    input_schema = OrderedJSONField(
        null=True, blank=True, help_text="JSON Schema of what it takes, if it is known."
    )
    output_schema = OrderedJSONField(
        null=True, blank=True, help_text="JSON Schema of what it answers, if it is known."
    )
    schema_source = models.CharField(
        max_length=10, choices=SchemaSource.choices, blank=True, default=SchemaSource.UNKNOWN
    )
    published_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True)
    approval = models.CharField(
        max_length=8, choices=Approval.choices, blank=True, default=Approval.UNASKED
    )
    approval_reason = models.TextField(blank=True, help_text="What was said with the decision.")
    approved_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    approval_at = models.DateTimeField(null=True, blank=True)
    yanked_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Withdrawn since then: no pattern leads to it, but who pinned it goes on.",
    )
    yank_reason = models.CharField(
        max_length=300, blank=True, help_text="One sentence for those who pinned it."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = VersionQuerySet.as_manager()

    class Meta:
        ordering = ["-major", "-minor", "-revision"]
        constraints = [
            models.UniqueConstraint(
                fields=["algorithm", "major", "minor", "revision"],
                name="one_version_per_number",
            ),
            models.CheckConstraint(
                condition=models.Q(approval="") | models.Q(callability="public"),
                name="only_public_versions_need_approval",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.algorithm}/{self.number}"

    @property
    def number(self) -> SemVer:
        return SemVer(self.major, self.minor, self.revision)

    @property
    def is_yanked(self) -> bool:
        return self.yanked_at is not None

    @property
    def is_public(self) -> bool:
        """Whether everyone may call it: published for everyone, and approved where that is asked."""
        is_granted = self.approval in (self.Approval.UNASKED, self.Approval.APPROVED)
        return self.callability == self.Callability.PUBLIC and is_granted
