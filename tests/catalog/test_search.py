from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from algorithms.models import Algorithm, Call
from marketplace.accounts.actors import ANONYMOUS, Actor
from marketplace.accounts.models import Owner
from marketplace.catalog import search
from marketplace.catalog.search import Order, Query
from tests.factories import AlgorithmFactory, BuildFactory, EnvironmentFactory, VersionFactory


def published(name: str, **fields: object) -> Algorithm:
    algorithm: Algorithm = AlgorithmFactory.create(name=name, is_public=True, **fields)
    VersionFactory.create(
        build=BuildFactory.create(algorithm=algorithm),
        callability="public",
        network_access=algorithm.network_access,
        royalty_microcredits=algorithm.royalty_microcredits,
    )
    return algorithm


def names(query: Query, by: Actor = ANONYMOUS) -> list[str]:
    found = search.find(query, by=by)
    rows = Algorithm.objects.in_bulk(found)
    return [rows[pk].name for pk in found]


@pytest.mark.django_db
def test_a_word_in_the_label_counts_more_than_one_in_the_tagline_and_that_more_than_the_readme() -> (
    None
):
    published("Third", label="Blur", readme="Not for reading digits.")
    published("Second", label="Scan", tagline="Reads digits in pictures")
    published("First", label="Digits")

    assert names(Query(words="digits")) == ["First", "Second", "Third"]


@pytest.mark.django_db
def test_other_forms_of_a_word_and_its_beginning_are_found() -> None:
    published("Reader", label="Reading handwriting")

    assert names(Query(words="reads")) == ["Reader"]
    assert names(Query(words="handwr")) == ["Reader"]


@pytest.mark.django_db
def test_all_words_must_match_and_only_if_none_has_all_some_are_enough() -> None:
    published("Both", label="Language of a text")
    published("One", label="Text cleaner")

    assert names(Query(words="language text")) == ["Both"]
    assert set(names(Query(words="text zebra giraffe"))) == {"One", "Both"}


@pytest.mark.django_db
def test_a_part_of_a_name_and_owner_slash_name_are_found() -> None:
    owner: Owner = published("DigitReader", label="Numerals").owner

    assert names(Query(words="itread")) == ["DigitReader"]
    assert names(Query(words=f"{owner.name}/digit")) == ["DigitReader"]
    assert names(Query(words=owner.name.upper())) == ["DigitReader"]


@pytest.mark.django_db
def test_a_changed_label_is_found_and_the_old_one_forgotten() -> None:
    algorithm = published("Thing", label="Sharpen")
    Algorithm.objects.filter(pk=algorithm.pk).update(label="Brighten")

    assert names(Query(words="brighten")) == ["Thing"]
    assert names(Query(words="sharpen")) == []


@pytest.mark.django_db
def test_a_deleted_algorithm_is_not_found() -> None:
    algorithm: Algorithm = AlgorithmFactory.create(label="Vanish", is_public=True)
    algorithm.delete()

    assert names(Query(words="vanish")) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "words", ['"', "*", "a AND", "NEAR(", "()", "'; DROP TABLE x", ":*", "-", "é ✓"]
)
def test_signs_that_mean_something_to_the_database_are_only_text(words: str) -> None:
    published("Plain", label="Plain")

    assert names(Query(words=words)) == []


def test_an_address_cannot_carry_a_nul_or_an_unknown_order() -> None:
    query = Query.parse({"q": " a\0b ", "sort": "price", "language": "py\0"})

    assert query == Query(words="ab", language="py")


@pytest.mark.django_db
def test_private_algorithms_are_found_by_their_owner_only(alice: Actor, mallory: Actor) -> None:
    AlgorithmFactory.create(owner_id=alice.owner_id, name="Secret", label="Secret plan")

    assert names(Query(words="secret"), by=alice) == ["Secret"]
    assert names(Query(words="secret"), by=mallory) == []
    assert names(Query(words="secret")) == []
    assert names(Query()) == []


@pytest.mark.django_db
def test_algorithms_of_a_suspended_owner_are_not_found() -> None:
    algorithm = published("Spam", label="Spam")
    Owner.objects.filter(pk=algorithm.owner_id).update(is_suspended=True)

    assert names(Query(words="spam")) == []


@pytest.mark.django_db
def test_filters_leave_what_they_say() -> None:
    published("Online", network_access="full")
    published("Priced", royalty_microcredits=2_000_000)
    published("Open", source_visibility="open", license="mit")
    gpu = EnvironmentFactory.create(slug="python311-gpu", machine_type="GPU")
    published("Heavy", environment=gpu)

    assert set(names(Query(is_offline=True))) == {"Priced", "Open", "Heavy"}
    assert set(names(Query(is_free=True))) == {"Online", "Open", "Heavy"}
    assert names(Query(is_open=True)) == ["Open"]
    assert names(Query(is_gpu=True)) == ["Heavy"]
    assert names(Query(language="rust")) == []


@pytest.mark.django_db
def test_filters_judge_the_published_version_and_not_the_draft_settings() -> None:
    algorithm = published("Frozen")
    Algorithm.objects.filter(pk=algorithm.pk).update(
        network_access="full", royalty_microcredits=5_000_000
    )

    assert names(Query(is_offline=True, is_free=True)) == ["Frozen"]


@pytest.mark.django_db
def test_order_by_calls_and_by_age() -> None:
    old, new = published("Old"), published("New")
    Algorithm.objects.filter(pk=old.pk).update(created_at=datetime(2020, 1, 1, tzinfo=UTC))
    for _ in range(2):
        Call.objects.create(
            root_id=uuid4(), algorithm=old, result="succeeded", started_at=datetime.now(UTC)
        )

    assert names(Query(order=Order.CALLED)) == ["Old", "New"]
    assert names(Query(order=Order.NEWEST)) == ["New", "Old"]
    assert names(Query(words="old new", order=Order.NEWEST)) == ["New", "Old"]
    assert new.created_at > datetime(2020, 1, 1, tzinfo=UTC)


def test_a_query_survives_its_own_address() -> None:
    query = Query(
        words="a b", language="python3", is_offline=True, is_free=True, is_gpu=True, is_open=True,
        order=Order.NEWEST,
    )  # fmt: skip

    assert Query.parse(query.parameters()) == query


def test_each_filter_can_be_taken_away_by_name() -> None:
    query = Query(words="x", is_free=True, is_offline=True)

    assert query.relaxed() == [
        ("no internet access", Query(words="x", is_free=True)),
        ("free", Query(words="x", is_offline=True)),
    ]
