"""Amounts as people and programs write them."""

from __future__ import annotations

import pytest

from marketplace.lib.errors import BadInput
from marketplace.lib.money import parse_credits, parse_dollars


@pytest.mark.parametrize("text", ["sNaN", "NaN", "Infinity", "-1", "1e999999", "1e30", "1e-7", "x"])
def test_what_is_no_amount_or_larger_than_any_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(BadInput):
        parse_credits(text)


@pytest.mark.parametrize("text", ["sNaN", "NaN", "-Infinity", "-0.01", "1e999999", "x"])
def test_dollars_are_bounded_too(text: str) -> None:
    with pytest.raises(BadInput):
        parse_dollars(text)


def test_credits_become_microcredits_and_none_is_lost() -> None:
    assert parse_credits(" 2.5 ") == 2_500_000
    assert parse_credits("0.000001") == 1
