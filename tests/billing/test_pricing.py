from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.pricing import Price
from billing.royalties import split
from marketplace.lib.errors import BadInput
from marketplace.lib.money import format_dollars, parse_dollars

CREDIT = 1_000_000
rates = st.integers(0, 10**12)
prices = st.builds(Price, rates, rates, st.integers(0, 10_000), st.integers(0, 1000))


@given(st.integers(0, 10**18), st.integers(0, 10_000))
def test_author_and_house_together_get_the_royalty_whatever_the_share(
    royalty: int, share: int
) -> None:
    author, house = split(royalty, share_bps=share)

    assert author + house == royalty
    assert 0 <= author <= royalty
    assert author <= Fraction(royalty * share, 10_000) < author + 1


@given(prices, st.integers(0, 3_000_000_000), st.integers(0, 3_000_000_000))
def test_no_call_costs_more_than_the_ceiling_of_its_time(price: Price, one: int, two: int) -> None:
    ran, allowed = sorted((one, two))

    assert price.royalty_micro + price.compute(ran) <= price.ceiling(allowed / 1_000_000) + (
        price.compute(1000)  # a microsecond lost in the fraction of a second
    )
    assert price.least <= price.ceiling(ran / 1_000_000)


@given(
    st.builds(Price, st.integers(1, 10**12), rates, st.just(0), st.just(0)), st.integers(0, 10**9)
)
def test_who_runs_as_long_as_an_amount_allows_is_not_charged_more(price: Price, micro: int) -> None:
    seconds = price.seconds_for(micro)

    charged = price.royalty_micro + price.compute(int(seconds * 1_000_000))

    assert charged <= max(micro, price.royalty_micro)


@pytest.mark.parametrize(
    ("microseconds", "micro"),
    [(0, 1), (9_999, 1), (10_001, 2), (1_000_000, 100), (1_000_001, 101), (60_000_000, 6000)],
)
def test_time_costs_by_the_millisecond_from_ten_on(microseconds: int, micro: int) -> None:
    price = Price(rate=CREDIT, royalty=0, share_bps=7000, minimum_ms=10)

    assert price.compute(microseconds) == micro


def test_dollars_are_read_and_written_without_a_rounding_error() -> None:
    assert parse_dollars("0.000001") == 1
    assert parse_dollars("1.5") == 1_500_000
    assert format_dollars(1_500_000) == "1.50"
    assert format_dollars(1) == "0.000001"
    assert format_dollars(-25) == "-0.000025"
    for nonsense in ("", "x", "-1", "NaN", "Infinity", "1e10"):
        with pytest.raises(BadInput):
            parse_dollars(nonsense)
