from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest

from algorithms.models import Algorithm
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
        sample_input=algorithm.sample_input,
    )
    return algorithm


def chosen(**values: str) -> Query:
    return Query(chosen={name: (value,) for name, value in values.items()})


def names(query: Query, by: Actor = ANONYMOUS) -> list[str]:
    return [algorithm.name for algorithm in search.find(query, by=by).algorithms]


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
    query = Query.parse({"q": [" a\0b "], "sort": ["price"], "language": ["py\0", ""]})

    assert query == Query(words="ab", chosen={"language": ("py",)})


@pytest.mark.django_db
def test_private_algorithms_are_found_by_their_owner_only_and_apart_from_the_others(
    alice: Actor, mallory: Actor
) -> None:
    AlgorithmFactory.create(owner_id=alice.owner_id, name="Secret", label="Secret plan")
    query = Query(words="secret")

    assert [one.name for one in search.drafts(query, by=alice)] == ["Secret"]
    assert search.drafts(query, by=mallory) == []
    assert search.drafts(query, by=ANONYMOUS) == []
    assert names(query, by=alice) == []


@pytest.mark.django_db
def test_algorithms_of_a_suspended_owner_are_not_found() -> None:
    algorithm = published("Spam", label="Spam")
    Owner.objects.filter(pk=algorithm.owner_id).update(is_suspended=True)

    assert names(Query(words="spam")) == []


@pytest.mark.django_db
def test_filters_leave_what_they_say_and_count_what_each_other_choice_would_leave() -> None:
    published("Online", network_access="full", sample_input='"data://a/b/c.png"')
    published("Priced", royalty_microcredits=2_000_000)
    published("Open", source_visibility="open", license="mit", task="vision")
    gpu = EnvironmentFactory.create(slug="python311-gpu", machine_type="GPU")
    published("Heavy", environment=gpu)

    assert set(names(chosen(internet="isolated"))) == {"Priced", "Open", "Heavy"}
    assert set(names(chosen(price="free"))) == {"Online", "Open", "Heavy"}
    assert names(chosen(license="mit")) == names(chosen(task="vision")) == ["Open"]
    assert names(chosen(machine="gpu")) == ["Heavy"]
    assert names(chosen(input="image")) == ["Online"]
    assert names(chosen(language="rust")) == []
    both = Query(chosen={"price": ("free", "tiny"), "machine": ("cpu",)})
    assert set(names(both)) == {"Online", "Priced", "Open"}
    counts = search.find(Query(chosen={"price": ("free",)}), by=ANONYMOUS).counts
    assert counts.total == 3
    assert counts.of_facet["machine"] == {"cpu": 2, "gpu": 1}
    assert counts.of_facet["price"] == {"free": 3, "tiny": 1}


@pytest.mark.django_db
def test_filters_judge_the_published_version_and_not_the_draft_settings() -> None:
    algorithm = published("Frozen")
    algorithm.network_access = "full"
    algorithm.royalty_microcredits = 5_000_000
    algorithm.save()

    assert names(chosen(internet="isolated", price="free")) == ["Frozen"]


@pytest.mark.django_db
def test_each_order_puts_first_what_it_says() -> None:
    owner: Owner = published("Old").owner
    published("New", royalty_microcredits=1_000_000)
    rows = Algorithm.objects
    rows.filter(name="Old").update(
        published_at=datetime(2020, 1, 1, tzinfo=UTC), trending=3.0, p50_us=9000, reliability=0.5
    )
    rows.filter(name="New").update(p50_us=10, reliability=0.9, stars_count=2)

    assert names(Query()) == names(Query(order=Order.TRENDING)) == ["Old", "New"]
    assert names(Query(order=Order.NEWEST)) == ["New", "Old"]
    assert names(Query(order=Order.FASTEST)) == ["New", "Old"]
    assert names(Query(order=Order.CHEAPEST)) == ["Old", "New"]
    assert names(Query(order=Order.RELIABLE)) == ["New", "Old"]
    assert names(Query(order=Order.STARS)) == ["New", "Old"]
    assert names(Query(owners=(owner.name.upper(),))) == ["Old"]


@pytest.mark.django_db
def test_a_misspelt_word_finds_what_is_spelt_alike_and_says_so() -> None:
    published("Translator", label="Language translator")

    found = search.find(Query(words="langauge translatr"), by=ANONYMOUS)

    assert [one.name for one in found.algorithms] == ["Translator"]
    assert found.closeness in {"alike", "some"}
    assert search.find(Query(words="trnslator"), by=ANONYMOUS).closeness == "alike"


def test_a_query_survives_its_own_address() -> None:
    query = Query(
        words="a b", chosen={"language": ("python3", "rust"), "price": ("free",)}, owners=("alice", "bob"),
        tag="time-series", order=Order.NEWEST,
    )  # fmt: skip

    assert Query.parse(parse_qs(query.address)) == query


@pytest.mark.django_db
def test_each_thing_that_narrows_can_be_taken_away_and_tells_what_would_be_found_then() -> None:
    published("Free", label="Digits")
    published("Other", label="Letters", royalty_microcredits=7)
    query = Query(words="digits", chosen={"price": ("tiny",)})

    found = search.find(query, by=ANONYMOUS)

    assert found.total == 0
    assert list(search.relaxed(query, found.counts)) == [
        ("price", "tiny", Query(words="digits"), 1),
        ("words", "digits", Query(chosen={"price": ("tiny",)}), 1),
    ]
