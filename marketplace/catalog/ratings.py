"""Keeps an algorithm's average rating what its live reviews say."""

from __future__ import annotations

from django.db.models import Avg, Count

from algorithms.models import Algorithm
from marketplace.catalog.models import Review


def keep_true(algorithm: Algorithm) -> None:
    """Work out average and number anew; called whenever a review changes, appears or goes."""
    live = Review.objects.live().filter(algorithm=algorithm)
    found = live.aggregate(average=Avg("rating"), number=Count("pk"))
    Algorithm.objects.filter(pk=algorithm.pk).update(
        rating_average=found["average"], rating_count=found["number"]
    )
