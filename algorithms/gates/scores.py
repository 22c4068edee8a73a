"""Scores of answers, and how sure one can be that two models differ: no Django, no numpy."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

T = TypeVar("T")

RESAMPLES: Final = 1000

Label = Hashable
Pair = tuple[Label, Label]
"""What was expected, and what was answered."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A difference, and between which values it lies with the confidence that was asked for."""

    difference: float
    low: float
    high: float


def mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def macro_f1(pairs: Sequence[Pair]) -> float:
    """The mean of the F1 of each class that is expected or answered."""
    cells = Counter(pairs)
    expected: Counter[Label] = Counter()
    answered: Counter[Label] = Counter()
    for (wanted, given), count in cells.items():
        expected[wanted] += count
        answered[given] += count
    classes = expected.keys() | answered.keys()
    each = [2 * cells[label, label] / (expected[label] + answered[label]) for label in classes]
    return mean(each)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent of the values do not exceed."""
    ordered = sorted(values)
    place = max(0, math.ceil(percent / 100 * len(ordered)) - 1)
    return ordered[place]


def paired_bootstrap(
    measure: Callable[[Sequence[T]], float],
    ours: Sequence[T],
    theirs: Sequence[T],
    *,
    confidence: int,
    seed: str,
) -> Interval:
    """How much better ours is on the same rows, by drawing the rows again and again.

    Both are drawn alike, so what is hard for both cancels out. The same seed gives the same
    answer: asking again does not help.
    """
    draw = random.Random(seed)  # noqa: S311 - statistics, not secrets
    places = range(len(ours))
    differences = []
    for _ in range(RESAMPLES):
        drawn = draw.choices(places, k=len(ours))
        better = measure([ours[place] for place in drawn])
        differences.append(better - measure([theirs[place] for place in drawn]))
    left_out = (100 - confidence) / 2
    return Interval(
        difference=measure(ours) - measure(theirs),
        low=percentile(differences, left_out),
        high=percentile(differences, 100 - left_out),
    )
