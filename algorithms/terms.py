"""What a version promises to its callers, and which release keeps the promise.

What callers of `1.*` were promised holds for all of major 1: the same permissions, and what
was free stays free. `1.2.*` moreover keeps its price and who may call it. Plain functions of
plain values.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

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
    keeps_insights: bool = False

    @property
    def is_public(self) -> bool:
        return self.callability == Version.Callability.PUBLIC


def terms_of(version: Version) -> Terms:
    return Terms(
        callability=version.callability,
        royalty_microcredits=version.royalty_microcredits,
        network_access=version.network_access,
        may_call_others=version.may_call_others,
        keeps_insights=version.keeps_insights,
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
        *([_insights(terms)] if terms.keeps_insights else []),
        _price(terms),
        _("anybody may call it") if terms.is_public else _("only its owner may call it"),
    ]


def _known(term: str) -> str:
    return _("Callers of this major version know that %(term)s.") % {"term": term}


def _major_demands(promised: Terms, terms: Terms) -> list[str]:
    demands = []
    if promised.network_access != terms.network_access:
        demands.append(_known(_network(promised)))
    if promised.may_call_others != terms.may_call_others:
        demands.append(_known(_pipelining(promised)))
    if promised.keeps_insights != terms.keeps_insights:
        demands.append(_known(_insights(promised)))
    if promised.royalty_microcredits == 0 < terms.royalty_microcredits:
        demands.append(_("What was free stays free within a major version."))
    return demands


def _minor_demands(previous: Terms, terms: Terms) -> list[str]:
    demands = []
    if previous.royalty_microcredits != terms.royalty_microcredits:
        words = _("A revision keeps its price, and until now %(term)s.")
        demands.append(words % {"term": _price(previous)})
    if previous.callability != terms.callability:
        is_public = previous.callability == Version.Callability.PUBLIC
        demands.append(
            _("A revision stays public as the version before it.")
            if is_public
            else _("A revision stays private as the version before it.")
        )
    if _permissions(previous) != _permissions(terms):
        words = _("A revision keeps its permissions: %(term)s.")
        demands.append(words % {"term": _network(previous)})
    return demands


def _permissions(terms: Terms) -> tuple[str, bool, bool]:
    return terms.network_access, terms.may_call_others, terms.keeps_insights


def _network(terms: Terms) -> str:
    has_internet = terms.network_access == Algorithm.NetworkAccess.FULL
    return _("it reaches the internet") if has_internet else _("it does not reach the internet")


def _pipelining(terms: Terms) -> str:
    may = terms.may_call_others
    return _("it calls other algorithms") if may else _("it does not call other algorithms")


def _insights(terms: Terms) -> str:
    return (
        _("it keeps for its author what it reports about calls")
        if terms.keeps_insights
        else _("it keeps nothing about calls for its author")
    )


def _price(terms: Terms) -> str:
    if not terms.royalty_microcredits:
        return _("it has no royalty")
    return _("it has a royalty of %(credits)s credits per call") % {
        "credits": format_credits(terms.royalty_microcredits)
    }
