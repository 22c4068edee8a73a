"""A gate: what a build must reach before it becomes a version, and how each one did."""

from __future__ import annotations

import uuid

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from algorithms.models.algorithm import Algorithm
from algorithms.models.build import Build
from algorithms.models.version import Version
from marketplace.accounts.models import User


class Demands(models.Model):
    """What is measured, and what is asked of it."""

    class Metric(models.TextChoices):
        ACCURACY = "accuracy", _("Accuracy: the share of rows answered as expected")
        F1 = "f1", _("F1: precision and recall together, each class counted alike")
        MAE = "mae", _("Mean absolute error: how far numbers are off")
        EVALUATOR = "evaluator", _("An evaluator: an algorithm that gives each answer a number")

    class Rule(models.TextChoices):
        BETTER = "better", _("It must be better than the champion")
        NOT_WORSE = "not_worse", _("It must not be worse than the champion")
        NONE = "none", _("It is not compared")

    metric = models.CharField(max_length=10, choices=Metric.choices, default=Metric.ACCURACY)
    rule = models.CharField(max_length=10, choices=Rule.choices, default=Rule.BETTER)
    margin = models.FloatField(
        default=0.0,
        validators=[MinValueValidator(0.0)],
        help_text="How much worse still counts as not worse.",
    )
    confidence = models.PositiveSmallIntegerField(
        default=95,
        validators=[MinValueValidator(50), MaxValueValidator(99)],
        help_text="In percent.",
    )
    bound = models.FloatField(
        null=True, blank=True, help_text="The least score; for an error, the largest."
    )
    most_ms = models.PositiveIntegerField(
        null=True, blank=True, help_text="Within which 95 of 100 rows are answered."
    )
    most_micros = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="What a row may cost on average, in micro-units."
    )

    class Meta:
        abstract = True

    @property
    def lower_is_better(self) -> bool:
        return self.metric == self.Metric.MAE


class Gate(Demands):
    """What an algorithm's next version must reach, by rows that no algorithm can read."""

    algorithm = models.OneToOneField(Algorithm, on_delete=models.CASCADE, related_name="gate")
    rows = models.CharField(max_length=400, help_text="data://owner/collection/file")
    answer_at = models.CharField(
        max_length=200, blank=True, help_text="Where in a result the answer stands: prediction.0"
    )
    evaluator = models.CharField(max_length=150, blank=True, help_text="owner/name/1.2.3")
    publishes_pushes = models.BooleanField(
        default=False, help_text="Whether a push that builds is published if it passes."
    )
    changed_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"the gate of {self.algorithm}"


class Evaluation(Demands):
    """How one build did at the gate, against the champion of that moment."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    algorithm = models.ForeignKey(Algorithm, on_delete=models.CASCADE, related_name="evaluations")
    build = models.ForeignKey(Build, on_delete=models.CASCADE, related_name="evaluations")
    version = models.OneToOneField(
        Version,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="evaluation",
        help_text="What it became, if it passed.",
    )
    champion = models.ForeignKey(
        Version, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    row_count = models.PositiveIntegerField()
    rows_sha256 = models.CharField(max_length=64)
    failed_rows = models.PositiveIntegerField(default=0)
    score = models.FloatField(null=True, blank=True)
    champion_score = models.FloatField(null=True, blank=True)
    difference = models.FloatField(
        null=True, blank=True, help_text="Positive is better, whatever the metric."
    )
    low = models.FloatField(null=True, blank=True)
    high = models.FloatField(null=True, blank=True)
    milliseconds = models.FloatField(help_text="95 of 100 rows were answered within.")
    micros = models.FloatField(help_text="What a row has cost on average.")
    has_passed = models.BooleanField()
    asked_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["algorithm", "-created_at"])]

    def __str__(self) -> str:
        return f"{self.build} at the gate"
