"""Scores and intervals, against numbers worked out by hand."""

from __future__ import annotations

import pytest

from algorithms.gates.scores import macro_f1, mean, paired_bootstrap, percentile


def test_macro_f1_counts_each_class_alike() -> None:
    pairs = [("a", "a"), ("a", "a"), ("a", "b"), ("b", "b"), ("c", "a")]

    assert macro_f1(pairs) == pytest.approx((2 * 2 / 6 + 2 * 1 / 3 + 0) / 3)


@pytest.mark.parametrize(("percent", "value"), [(95, 19.0), (100, 20.0), (5, 1.0), (1, 1.0)])
def test_percentile_is_a_value_that_was_seen(percent: float, value: float) -> None:
    assert percentile([float(number) for number in range(20, 0, -1)], percent) == value


def test_equal_answers_differ_by_nothing_for_sure() -> None:
    values = [1.0, 0.0, 1.0, 1.0]

    found = paired_bootstrap(mean, values, values, confidence=95, seed="x")

    assert (found.difference, found.low, found.high) == (0.0, 0.0, 0.0)


def test_rows_are_drawn_alike_for_both_so_what_is_hard_for_both_cancels_out() -> None:
    hard = [0.0, 100.0] * 50
    better = [value + 1.0 for value in hard]

    found = paired_bootstrap(mean, better, hard, confidence=99, seed="x")

    assert found.low == pytest.approx(1.0)
    assert found.high == pytest.approx(1.0)


def test_same_seed_gives_the_same_interval_and_it_covers_the_truth() -> None:
    ours = [1.0] * 90 + [0.0] * 10
    theirs = [1.0] * 70 + [0.0] * 30

    first = paired_bootstrap(mean, ours, theirs, confidence=95, seed="rows")
    again = paired_bootstrap(mean, ours, theirs, confidence=95, seed="rows")

    assert first == again
    assert first.difference == pytest.approx(0.2)
    assert 0.1 < first.low < 0.2 < first.high < 0.3
