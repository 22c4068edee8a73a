"""Whatever an author publishes, callers of a floating version keep what they were promised."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.terms import Terms, smallest_bump, terms_in_words
from marketplace.lib.semver import Part, SemVer

FREE = Terms("public", 0, "isolated", may_call_others=False)
PARTS = [Part.REVISION, Part.MINOR, Part.MAJOR]

any_terms = st.builds(
    Terms,
    callability=st.sampled_from(["public", "private"]),
    royalty_microcredits=st.sampled_from([0, 1, 2_000_000]),
    network_access=st.sampled_from(["isolated", "full"]),
    may_call_others=st.booleans(),
)


@pytest.mark.parametrize(
    ("change", "part", "reason"),
    [
        ({}, Part.REVISION, None),
        ({"network_access": "full"}, Part.MAJOR, "does not reach the internet"),
        ({"may_call_others": True}, Part.MAJOR, "does not call other algorithms"),
        ({"royalty_microcredits": 1}, Part.MAJOR, "free stays free"),
        ({"callability": "private"}, Part.MINOR, "stays public"),
    ],
)
def test_each_difference_asks_for_its_release_and_says_why(
    change: dict[str, object], part: Part, reason: str | None
) -> None:
    smallest, reasons = smallest_bump(FREE, replace(FREE, **change), promised=FREE)  # type: ignore[arg-type]

    assert smallest is part
    assert reason is None if not reasons else reason is not None and reason in " ".join(reasons)


def test_price_that_changes_asks_for_a_minor_release() -> None:
    paid = replace(FREE, royalty_microcredits=2_500_000)

    for royalty in (0, 1_000_000, 9_000_000):
        changed = replace(paid, royalty_microcredits=royalty)
        smallest, reasons = smallest_bump(paid, changed, promised=paid)
        assert smallest is Part.MINOR
        assert reasons == [
            "A revision keeps its price, and until now it has a royalty of 2.5 credits per call."
        ]


def test_what_nobody_outside_could_call_may_change_its_permissions_in_a_minor_release() -> None:
    private = replace(FREE, callability="private")
    wider = replace(private, network_access="full", royalty_microcredits=5)

    assert smallest_bump(private, wider, promised=None)[0] is Part.MINOR


def test_terms_are_told_in_words() -> None:
    assert terms_in_words(replace(FREE, network_access="full")) == [
        "it reaches the internet",
        "it does not call other algorithms",
        "it has no royalty",
        "anybody may call it",
    ]


@given(st.lists(st.tuples(any_terms, st.sampled_from(PARTS)), min_size=1, max_size=12))
def test_no_history_breaks_a_promise(history: list[tuple[Terms, Part]]) -> None:
    versions: list[tuple[SemVer, Terms]] = []
    for terms, wish in history:
        if not versions:
            versions.append((SemVer(0, 1, 0), terms))
            continue
        number, previous = versions[-1]
        public = [t for n, t in versions if n.major == number.major and t.is_public]
        smallest, reasons = smallest_bump(previous, terms, promised=public[-1] if public else None)
        assert bool(reasons) == (smallest is not Part.REVISION)
        versions.append((number.bump(max(smallest, wish, key=PARTS.index)), terms))

    public_versions = [(number, terms) for number, terms in versions if terms.is_public]
    for position, (number, terms) in enumerate(public_versions):
        for later, after in public_versions[position + 1 :]:
            if later.major == number.major:
                assert after.network_access == terms.network_access
                assert after.may_call_others == terms.may_call_others
                assert terms.royalty_microcredits > 0 or after.royalty_microcredits == 0
            if (later.major, later.minor) == (number.major, number.minor):
                assert after == terms
