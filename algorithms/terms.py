"""What a version promises to its callers, and which release keeps the promise.

What callers of `1.*` were promised holds for all of major 1: the same permissions, and what
was free stays free. `1.2.*` moreover keeps its price and who may call it. Plain functions of
plain values.
"""

from __future__ import annotations

from dataclasses import dataclass

from algorithms.models import Algorithm, Version
from marketplace.lib.money import format_credits
from marketplace.lib.semver import Part


@dataclass(frozen=True, slots=True)
class Terms:
    """What a version promises to its callers."""

    callability: str
    royalty_microcredits: int
    network_access: str
    may_call_others: bool

    @property
    def is_public(self) -> bool:
        return self.callability == Version.Callability.PUBLIC


def terms_of(version: Version) -> Terms:
    return Terms(
        callability=version.callability,
        royalty_microcredits=version.royalty_microcredits,
        network_access=version.network_access,
        may_call_others=version.may_call_others,
    )


def smallest_bump(
    previous: Terms, terms: Terms, *, promised: Terms | None
) -> tuple[Part, list[str]]:
    """The smallest release that keeps what callers were promised, and why no smaller one does.

    `previous` is the newest version; `promised` the newest public one of the same major,
    whose terms all callers of that major rely on, if there is one.
    """
    demands = _major_demands(promised, terms) if promised is not None else []
    if demands:
        return Part.MAJOR, demands
    demands = _minor_demands(previous, terms)
    if demands:
        return Part.MINOR, demands
    return Part.REVISION, []


def terms_in_words(terms: Terms) -> list[str]:
    """What a version may do and costs, as people read it."""
    return [
        _network(terms),
        _pipelining(terms),
        _price(terms),
        "anybody may call it" if terms.is_public else "only its owner may call it",
    ]


def _major_demands(promised: Terms, terms: Terms) -> list[str]:
    demands = []
    if promised.network_access != terms.network_access:
        demands.append(f"Callers of this major version know that {_network(promised)}.")
    if promised.may_call_others != terms.may_call_others:
        demands.append(f"Callers of this major version know that {_pipelining(promised)}.")
    if promised.royalty_microcredits == 0 < terms.royalty_microcredits:
        demands.append("What was free stays free within a major version.")
    return demands


def _minor_demands(previous: Terms, terms: Terms) -> list[str]:
    demands = []
    if previous.royalty_microcredits != terms.royalty_microcredits:
        demands.append(f"A revision keeps its price, and until now {_price(previous)}.")
    if previous.callability != terms.callability:
        demands.append(f"A revision stays {previous.callability} as the version before it.")
    if _permissions(previous) != _permissions(terms):
        demands.append(f"A revision keeps its permissions: {_network(previous)}.")
    return demands


def _permissions(terms: Terms) -> tuple[str, bool]:
    return terms.network_access, terms.may_call_others


def _network(terms: Terms) -> str:
    has_internet = terms.network_access == Algorithm.NetworkAccess.FULL
    return "it reaches the internet" if has_internet else "it does not reach the internet"


def _pipelining(terms: Terms) -> str:
    verb = "calls" if terms.may_call_others else "does not call"
    return f"it {verb} other algorithms"


def _price(terms: Terms) -> str:
    if not terms.royalty_microcredits:
        return "it has no royalty"
    return f"it has a royalty of {format_credits(terms.royalty_microcredits)} credits per call"
