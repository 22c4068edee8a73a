"""What the page beside a list offers: choices with their numbers, chips to take away, ways out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.catalog import search
from marketplace.catalog.facets import BANDS, FACETS, Facet, Words
from marketplace.catalog.models import Category
from marketplace.catalog.search import Found, Query

OWNER: Final = Facet("owner", "owner", gettext_lazy("Author"))
"""Not one of FACETS: their values are few, and all counted at once."""

AT_ONCE: Final = 6
"""Choices of one facet that are shown before one asks for more."""


@dataclass(frozen=True)
class Option:
    value: str
    words: Words
    number: int
    is_chosen: bool


@dataclass(frozen=True)
class Choices:
    """One facet on the page."""

    facet: Facet
    first: list[Option]
    more: list[Option]

    @property
    def chosen(self) -> int:
        return sum(option.is_chosen for option in (*self.first, *self.more))


@dataclass(frozen=True)
class Chip:
    """One thing that narrows, and the address of the list without it."""

    words: Words
    address: str
    number: int = 0


def task_titles() -> dict[str, str]:
    rows = Category.objects.values_list("slug", "title")
    return {slug: _(title) for slug, title in rows}


def offered(
    query: Query, found: Found, titles: Mapping[str, str], *, fixed: frozenset[str]
) -> list[Choices]:
    """Each facet in which there is something to choose, and who wrote most of what is found."""
    shown = []
    for facet in FACETS:
        options = list(_options(_named(facet, titles), query, found))
        if facet.name not in fixed and (len(options) > 1 or facet.name in query.chosen):
            shown.append(Choices(facet, options[:AT_ONCE], options[AT_ONCE:]))
    if "owner" not in fixed:
        options = _owners(query, found)
        if len(options) > 1 or query.owners:
            shown.append(Choices(OWNER, options[:AT_ONCE], options[AT_ONCE:]))
    return shown


def chips(query: Query, titles: Mapping[str, str], *, fixed: frozenset[str]) -> list[Chip]:
    made = []
    if query.words:
        made.append(
            Chip(_("“%(words)s”") % {"words": query.words}, replace(query, words="").address)
        )
    if "owner" not in fixed:
        made += [
            Chip(_("by %(owner)s") % {"owner": name}, query.without("owner", name).address)
            for name in query.owners
        ]
    if query.tag and "tag" not in fixed:
        made.append(Chip(_("tag %(tag)s") % {"tag": query.tag}, replace(query, tag="").address))
    for facet in FACETS:
        if facet.name not in fixed:
            words = _named(facet, titles).words
            made += [
                Chip(_said(facet, words(value)), query.without(facet.name, value).address)
                for value in query.chosen.get(facet.name, ())
            ]
    return made


def ways_out(
    query: Query, found: Found, titles: Mapping[str, str], *, fixed: frozenset[str]
) -> list[Chip]:
    """What could be taken away from a query that finds nothing, and what it would find then."""
    offers = []
    for name, value, other, number in search.relaxed(query, found.counts):
        if name in fixed:
            continue
        offers.append(Chip(_wording(name, value, titles), other.address, number))
    return sorted(offers, key=lambda offer: -offer.number)


def _wording(name: str, value: str, titles: Mapping[str, str]) -> Words:
    facet = next((facet for facet in FACETS if facet.name == name), None)
    if facet is None:
        return value
    words = _named(facet, titles).words
    return ", ".join(str(_said(facet, words(each))) for each in value.split(","))


def _options(facet: Facet, query: Query, found: Found) -> Iterator[Option]:
    chosen = query.chosen.get(facet.name, ())
    numbers = found.counts.of_facet[facet.name]
    values = sorted((value for value in numbers if value), key=lambda one: (-numbers[one], one))
    values += [value for value in chosen if value not in values]
    if facet.name == "price":
        values.sort(key=[*BANDS, *values].index)
    for value in values:
        yield Option(value, facet.words(value), numbers[value], value in chosen)


def _owners(query: Query, found: Found) -> list[Option]:
    chosen = {name.lower() for name in query.owners}
    numbers = search.owners(query, found)
    return [Option(name, name, n, name.lower() in chosen) for name, n in numbers.items()]


def _named(facet: Facet, titles: Mapping[str, str]) -> Facet:
    return replace(facet, values=titles) if facet.name == "task" else facet


def _said(facet: Facet, words: Words) -> Words:
    """The same kind may be taken and answered, so these two say which."""
    if facet.name in {"input", "output"}:
        return f"{facet.title}: {words}"
    return words
