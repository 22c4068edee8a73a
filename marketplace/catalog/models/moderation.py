"""What staff look at and decide: cases with their signals and reports, decisions, appeals."""

from __future__ import annotations

import uuid
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from algorithms.models import Algorithm, Version
from marketplace.accounts.models import Owner, User
from marketplace.catalog.models.reviews import Comment, Review

REASON_LENGTH = 4000


class CaseQuerySet(models.QuerySet["Case"]):
    def open(self) -> Self:
        return self.filter(state=Case.State.OPEN)

    def riskiest_first(self) -> Self:
        return self.order_by("-risk", "opened_at")


class Case(models.Model):
    """Something that staff should look at: one open case for each subject.

    What speaks for looking is kept as signals, each with its weight; `risk` is their sum and
    that of the reports.
    """

    class Subject(models.TextChoices):
        VERSION = "version", _("Version")
        ALGORITHM = "algorithm", _("Algorithm")
        OWNER = "owner", _("Owner")
        REVIEW = "review", _("Review")
        COMMENT = "comment", _("Comment")

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        WAITING = "waiting", _("Waiting for the owner")
        CLOSED = "closed", _("Closed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject = models.CharField(max_length=9, choices=Subject.choices)
    label = models.CharField(max_length=200, help_text="The subject as it was called then.")
    owner = models.ForeignKey(
        Owner, on_delete=models.CASCADE, related_name="cases", help_text="Whose it is."
    )
    algorithm = models.ForeignKey(
        Algorithm, on_delete=models.SET_NULL, null=True, blank=True, related_name="cases"
    )
    version = models.ForeignKey(
        Version, on_delete=models.SET_NULL, null=True, blank=True, related_name="cases"
    )
    review = models.ForeignKey(
        Review, on_delete=models.SET_NULL, null=True, blank=True, related_name="cases"
    )
    comment = models.ForeignKey(
        Comment, on_delete=models.SET_NULL, null=True, blank=True, related_name="cases"
    )
    signals: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(
        default=list, blank=True
    )
    risk = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=7, choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["state", "-risk", "opened_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["version"],
                condition=~Q(state="closed") & Q(subject="version"),
                name="one_open_case_per_version",
            ),
            models.UniqueConstraint(
                fields=["algorithm"],
                condition=~Q(state="closed") & Q(subject="algorithm"),
                name="one_open_case_per_algorithm",
            ),
            models.UniqueConstraint(
                fields=["owner"],
                condition=~Q(state="closed") & Q(subject="owner"),
                name="one_open_case_per_owner",
            ),
            models.UniqueConstraint(
                fields=["review"],
                condition=~Q(state="closed") & Q(subject="review"),
                name="one_open_case_per_review",
            ),
            models.UniqueConstraint(
                fields=["comment"],
                condition=~Q(state="closed") & Q(subject="comment"),
                name="one_open_case_per_comment",
            ),
        ]

    def __str__(self) -> str:
        return f"case of {self.label}"


class Report(models.Model):
    """Somebody says that something is wrong, and where to look."""

    class Reason(models.TextChoices):
        MALICIOUS = "malicious", _("It does harm: malware, theft of data, abuse of the machine")
        DECEPTIVE = "deceptive", _("It poses as something or somebody else")
        BROKEN = "broken", _("It does not do what its page says")
        COPYRIGHT = "copyright", _("It copies work without the right to")
        OFFENSIVE = "offensive", _("It is hateful, harassing or unlawful")
        SPAM = "spam", _("It is spam or advertising")
        PRIVACY = "privacy", _("It shows somebody's private data")
        OTHER = "other", _("Something else")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="reports")
    reporter = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="reports_made")
    reason = models.CharField(max_length=9, choices=Reason.choices)
    text = models.TextField(max_length=REASON_LENGTH)
    pointer = models.CharField(
        max_length=300, blank=True, help_text="A file and line, the id of a call, or an address."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(fields=["case", "reporter"], name="one_report_per_reporter"),
        ]

    def __str__(self) -> str:
        return f"{self.reason}: {self.case}"


class Decision(models.Model):
    """What staff decided, and why. Never edited; another decision takes it back."""

    class Action(models.TextChoices):
        APPROVE = "approve", _("Nothing is wrong")
        ASK = "ask", _("Ask for changes")
        QUARANTINE = "quarantine", _("Quarantine the algorithm")
        RELEASE = "release", _("Release from quarantine")
        YANK = "yank", _("Withdraw the version")
        RESTORE = "restore", _("Offer the version again")
        SUSPEND = "suspend", _("Suspend the owner")
        UNSUSPEND = "unsuspend", _("End the suspension")
        HIDE = "hide", _("Hide it")
        SHOW = "show", _("Show it again")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="decisions")
    action = models.CharField(max_length=10, choices=Action.choices)
    reason = models.TextField(max_length=REASON_LENGTH)
    made_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    reverses = models.OneToOneField(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="reversed_by"
    )

    class Meta:
        ordering = ["-made_at"]

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.case.label}"


class Appeal(models.Model):
    """The owner says that a decision is wrong; somebody else of the staff answers."""

    class State(models.TextChoices):
        OPEN = "open", _("Waiting for an answer")
        UPHELD = "upheld", _("The decision stands")
        GRANTED = "granted", _("The decision was taken back")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    decision = models.OneToOneField(Decision, on_delete=models.CASCADE, related_name="appeal")
    author = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="+")
    text = models.TextField(max_length=REASON_LENGTH)
    state = models.CharField(max_length=7, choices=State.choices, default=State.OPEN)
    answer = models.TextField(max_length=REASON_LENGTH, blank=True)
    answered_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    made_at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["made_at"]

    def __str__(self) -> str:
        return f"appeal against {self.decision}"
