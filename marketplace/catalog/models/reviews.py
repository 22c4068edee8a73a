"""What callers say about algorithms: reviews with a rating, and conversations."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.db.models import F, Q

from algorithms.models import Algorithm, Version
from marketplace.accounts.models import Owner

REVIEW_LENGTH = 4000
COMMENT_LENGTH = 8000


class ReviewQuerySet(models.QuerySet["Review"]):
    def live(self) -> Self:
        """Those that count: neither withdrawn by their writer nor hidden by moderators."""
        return self.filter(withdrawn_at__isnull=True, hidden_at__isnull=True)


class Review(models.Model):
    """One caller's judgement of one major version."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    algorithm = models.ForeignKey(Algorithm, on_delete=models.CASCADE, related_name="reviews")
    version = models.ForeignKey(
        Version,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The newest one its writer had called with success.",
    )
    major = models.PositiveIntegerField()
    author = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="reviews")
    rating = models.PositiveSmallIntegerField()
    text = models.TextField(max_length=REVIEW_LENGTH)
    answer = models.TextField(max_length=REVIEW_LENGTH, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    helpful_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    edited_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    hidden_at = models.DateTimeField(null=True, blank=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["algorithm", "major", "author"],
                condition=Q(withdrawn_at__isnull=True),
                name="one_live_review_per_major_version",
            ),
            models.CheckConstraint(
                condition=Q(rating__gte=1) & Q(rating__lte=5), name="a_rating_is_from_one_to_five"
            ),
        ]
        indexes = [models.Index(fields=["algorithm", "-created_at"])]

    def __str__(self) -> str:
        return f"review of {self.algorithm} by {self.author}"

    @property
    def is_live(self) -> bool:
        return self.withdrawn_at is None and self.hidden_at is None


class HelpfulVote(models.Model):
    """Somebody found a review helpful."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="votes")
    voter = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["review", "voter"], name="one_vote_per_voter"),
        ]

    def __str__(self) -> str:
        return f"{self.voter} on {self.review}"


class Thread(models.Model):
    """A conversation about an algorithm; its first comment is what was asked or said."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    algorithm = models.ForeignKey(Algorithm, on_delete=models.CASCADE, related_name="threads")
    starter = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="+")
    title = models.CharField(max_length=150)
    closed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["-last_at"]
        indexes = [models.Index(fields=["algorithm", "-last_at"])]

    def __str__(self) -> str:
        return f"“{self.title}” on {self.algorithm}"


class Comment(models.Model):
    """One thing said in a conversation. A deleted one leaves its place, without its words."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="comments")
    text = models.TextField(max_length=COMMENT_LENGTH)
    created_at = models.DateTimeField(auto_now_add=True)
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    hidden_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(deleted_at__isnull=True) | Q(deleted_at__gte=F("created_at")),
                name="a_comment_is_deleted_after_it_was_written",
            ),
        ]

    def __str__(self) -> str:
        return f"comment by {self.author} in {self.thread}"

    @property
    def is_shown(self) -> bool:
        return self.deleted_at is None and self.hidden_at is None
