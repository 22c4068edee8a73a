from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.core.cache import cache
from pytest_django import DjangoAssertNumQueries

from algorithms.models import Algorithm, Call
from marketplace.catalog import vitals
from marketplace.catalog.vitals import Vitals
from tests.factories import AlgorithmFactory

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def called(
    algorithm: Algorithm,
    result: str,
    *,
    days_ago: float = 0,
    took_us: int = 1000,
    is_try: bool = False,
) -> None:
    Call.objects.create(
        root_id=uuid4(),
        algorithm=algorithm,
        version_id=None if is_try else uuid4(),
        result=result,
        total_us=took_us,
        started_at=NOW - timedelta(days=days_ago),
    )


@pytest.mark.django_db
def test_median_and_success_come_from_calls_that_reached_a_sandbox() -> None:
    algorithm: Algorithm = AlgorithmFactory.create()
    for took in (10_000, 20_000, 90_000):
        called(algorithm, "succeeded", days_ago=2, took_us=took)
    called(algorithm, "failed", days_ago=1)
    called(algorithm, "refused")
    called(algorithm, "cancelled")

    assert vitals.of([algorithm.pk])[algorithm.pk] == Vitals(
        calls=4,
        succeeded=3,
        p50_seconds=0.02,
        last_succeeded_at=NOW - timedelta(days=2),
        last_at=NOW - timedelta(days=1),
    )
    assert vitals.of([algorithm.pk])[algorithm.pk].success_percent == 75
    assert vitals.of([algorithm.pk])[algorithm.pk].ran_well_last is False


@pytest.mark.django_db
def test_what_its_author_tried_without_success_is_not_told_nor_counted() -> None:
    algorithm: Algorithm = AlgorithmFactory.create()
    called(algorithm, "succeeded", days_ago=2, took_us=30_000, is_try=True)
    called(algorithm, "failed", days_ago=1, is_try=True)
    before = vitals.measured([algorithm.pk])[algorithm.pk]

    called(algorithm, "succeeded", days_ago=3, took_us=10_000)

    tried = NOW - timedelta(days=2)
    assert before == Vitals(p50_seconds=0.03, last_succeeded_at=tried, last_at=tried)
    assert before.success_percent is None
    after = vitals.measured([algorithm.pk])[algorithm.pk]
    assert (after.calls, after.success_percent, after.p50_seconds) == (1, 100, 0.01)


@pytest.mark.django_db
def test_one_that_nobody_called_lately_has_none() -> None:
    algorithm: Algorithm = AlgorithmFactory.create()
    called(algorithm, "succeeded", days_ago=31)

    assert vitals.of([algorithm.pk]) == {algorithm.pk: Vitals()}
    assert Vitals().success_percent is None
    assert Vitals().ran_well_last is False


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=5, seconds=1), "5\xa0minutes ago"),
        (timedelta(days=2, hours=3), "2\xa0days ago"),
    ],
)
def test_last_call_is_told_in_its_largest_unit(ago: timedelta, said: str) -> None:
    assert Vitals(last_at=datetime.now(UTC) - ago).last_ago == said


@pytest.mark.django_db
def test_only_the_newest_calls_of_each_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vitals, "SAMPLE", 2)
    busy: Algorithm = AlgorithmFactory.create()
    quiet: Algorithm = AlgorithmFactory.create()
    called(busy, "failed", days_ago=3)
    called(busy, "succeeded", days_ago=2)
    called(busy, "succeeded", days_ago=1)
    called(quiet, "failed", days_ago=9)

    found = vitals.of([busy.pk, quiet.pk])

    assert (found[busy.pk].calls, found[busy.pk].succeeded) == (2, 2)
    assert (found[quiet.pk].calls, found[quiet.pk].succeeded) == (1, 0)


@pytest.mark.django_db
def test_many_cost_one_query_and_none_for_a_while(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    ids = [AlgorithmFactory.create().pk for _ in range(3)]

    with django_assert_num_queries(1):
        first = vitals.of(ids)
        second = vitals.of(ids)

    assert first == second
