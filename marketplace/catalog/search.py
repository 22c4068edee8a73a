"""Words and filters become a ranked page of algorithms, and how many each other choice would give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Count, F, Q
from django.utils.translation import gettext_lazy as _

from algorithms.models import Algorithm
from algorithms.models.algorithm import AlgorithmQuerySet
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.catalog import facets, full_text
from marketplace.catalog.facets import FACETS, Chosen, Counts
from marketplace.catalog.full_text import Closeness, Reading

PER_PAGE: Final = 24
MOST_PAGES: Final = 40
MOST_VALUES: Final = 12
MOST_DRAFTS: Final = 5
ALL_RANKED: Final = 1000
"""Up to so many matches are all ranked; of more, those that are called most."""

Values = Mapping[str, list[str]]
"""The parameters of an address; each may be given several times."""


class Order(StrEnum):
    BEST = "best"
    TRENDING = "trending"
    NEWEST = "newest"
    FASTEST = "fastest"
    CHEAPEST = "cheapest"
    RELIABLE = "success"
    STARS = "stars"


ORDER_LABELS: Final = {
    Order.BEST: _("Best match"),
    Order.TRENDING: _("Trending"),
    Order.NEWEST: _("Newest"),
    Order.FASTEST: _("Fastest"),
    Order.CHEAPEST: _("Cheapest"),
    Order.RELIABLE: _("Success rate"),
    Order.STARS: _("Most stars"),
}
_COLUMNS: Final = {
    Order.TRENDING: F("trending").desc(),
    Order.NEWEST: F("published_at").desc(),
    Order.FASTEST: F("p50_us").asc(nulls_last=True),
    Order.CHEAPEST: F("price_microcredits").asc(),
    Order.RELIABLE: F("reliability").desc(),
    Order.STARS: F("stars_count").desc(),
}


@dataclass(frozen=True)
class Query:
    """What was asked for. Empty means: whatever there is."""

    words: str = ""
    chosen: Chosen = field(default_factory=dict)
    owners: tuple[str, ...] = ()
    tag: str = ""
    order: Order = Order.BEST

    @classmethod
    def parse(cls, values: Values) -> Query:
        """Read an address; what it cannot mean is left out rather than refused."""
        order = _last(values, "sort")
        chosen = {facet.name: _several(values, facet.name) for facet in FACETS}
        return cls(
            words=_last(values, "q")[:200],
            chosen={name: given for name, given in chosen.items() if given},
            owners=_several(values, "owner"),
            tag=_last(values, "tag")[:30],
            order=Order(order) if order in set(Order) else Order.BEST,
        )

    @property
    def address(self) -> str:
        """The address of this query; the opposite of `parse`."""
        pairs = [("q", self.words), ("tag", self.tag)]
        pairs += [("owner", name) for name in self.owners]
        pairs += [(name, value) for name, given in self.chosen.items() for value in given]
        pairs.append(("sort", "" if self.order is Order.BEST else str(self.order)))
        return urlencode([(name, value) for name, value in pairs if value])

    @property
    def applied_order(self) -> Order:
        """Without words nothing matches better than anything else."""
        return Order.TRENDING if self.order is Order.BEST and not self.words else self.order

    @property
    def narrows(self) -> bool:
        return bool(self.words or self.chosen or self.owners or self.tag)

    def without(self, facet: str, value: str = "") -> Query:
        """The same with one choice less, or with none of this facet."""
        if facet == "owner":
            return replace(self, owners=tuple(o for o in self.owners if value and o != value))
        left = tuple(each for each in self.chosen.get(facet, ()) if value and each != value)
        rest = {name: given for name, given in self.chosen.items() if name != facet}
        return replace(self, chosen=rest | ({facet: left} if left else {}))


@dataclass(frozen=True)
class Found:
    """One page of what was found, and what there is to choose from."""

    algorithms: list[Algorithm]
    counts: Counts
    page: int
    closeness: Closeness = Closeness.EVERY
    of_anybody: AlgorithmQuerySet = field(default_factory=Algorithm.objects.none)
    """What matches all else, whoever wrote it."""

    @property
    def total(self) -> int:
        return self.counts.total

    @property
    def pages(self) -> int:
        return min(MOST_PAGES, -(-self.total // PER_PAGE)) or 1


def find(query: Query, *, by: Actor, page: int = 1) -> Found:
    """A page of the listed algorithms that match, in the order asked for."""
    matched = _matched(query)
    reading, counts = matched.reading, matched.counts
    base = _by_owners(matched.rows, query.owners)
    closeness = reading.closeness if reading else Closeness.EVERY
    found = Found([], counts, page, closeness, _of_anybody(query, matched))
    number = max(1, min(page, found.pages))
    part = slice((number - 1) * PER_PAGE, number * PER_PAGE)
    rows = _narrowed(base, query.chosen)
    shown = _ordered(rows, query.applied_order, reading, counts.total, part)
    algorithms = _page(Algorithm.objects.visible_to(by), shown)
    return replace(found, algorithms=algorithms, page=number)


def first(query: Query, *, by: Actor, number: int) -> list[Algorithm]:
    """The first few for a shelf, without counting what else there is; words are not read."""
    rows = _narrowed(Algorithm.objects.filter(is_listed=True), query.chosen)
    shown = _ordered(rows, query.applied_order, None, 0, slice(0, number))
    return _page(Algorithm.objects.visible_to(by), shown)


def owners(query: Query, found: Found) -> dict[str, int]:
    """Who wrote most of what matches all else, and those asked for, with how many each wrote."""
    rows = found.of_anybody.order_by().values_list("owner").annotate(number=Count("*"))
    numbers = dict(rows.order_by("-number", "owner")[:MOST_VALUES])
    asked = [owner.pk for name in query.owners for owner in Owner.objects.named(name)]
    if not numbers.keys() >= set(asked):
        numbers |= dict.fromkeys(asked, 0) | dict(rows.filter(owner__in=asked))
    named = Owner.objects.filter(pk__in=numbers).values_list("pk", "name")
    most_first = sorted(named, key=lambda one: (-numbers[one[0]], one[1].lower()))
    return {name: numbers[pk] for pk, name in most_first}


def relaxed(query: Query, counts: Counts) -> Iterator[tuple[str, str, Query, int]]:
    """Each thing that narrows: its name and value, the query without it, what that would give."""
    for name, given in query.chosen.items():
        number = counts.without(name)
        if number:
            yield name, ",".join(given), query.without(name), number
    others = {
        "owner": (", ".join(query.owners), replace(query, owners=())),
        "tag": (query.tag, replace(query, tag="")),
        "words": (query.words, replace(query, words="")),
    }
    for name, (value, other) in others.items():
        number = _matched(other).counts.total if value and query.narrows else 0
        if number:
            yield name, value, other, number


def drafts(query: Query, *, by: Actor) -> list[Algorithm]:
    """The actor's own that match the words and that nobody else is shown."""
    reading = next(full_text.readings(query.words), None)
    if by.is_anonymous or reading is None:
        return []
    mine = Algorithm.objects.visible_to(by).filter(is_listed=False)
    mine = mine.filter(owner__in=by.owner_ids | by.executes_for)
    found = _with_owners(mine.filter(_matching(query.words, reading)))
    return list(found.order_by("-updated_at")[:MOST_DRAFTS])


@dataclass(frozen=True)
class _Matched:
    """What has the words and the tag, whoever wrote it and whatever else is chosen."""

    rows: AlgorithmQuerySet
    reading: Reading | None
    texts: list[tuple[str, int]]
    counts: Counts


def _matched(query: Query) -> _Matched:
    """Count by the strictest reading of the words that finds something at all."""
    base = Algorithm.objects.filter(is_listed=True)
    if query.tag:
        base = base.filter(tags__name=query.tag.lower())
    reading: Reading | None = None
    rows, texts = base, None
    for reading in full_text.readings(query.words):
        rows = base.filter(_matching(query.words, reading))
        texts = _texts(_by_owners(rows, query.owners))
        if texts:
            break
    if texts is None:
        rows = base.none() if query.words else base
        texts = _texts(_by_owners(rows, query.owners))
    return _Matched(rows, reading, texts, facets.count(texts, query.chosen))


def _of_anybody(query: Query, matched: _Matched) -> AlgorithmQuerySet:
    """What would be found if no owner was chosen; counted from the index of facets, if it can be."""
    if not query.chosen:
        return matched.rows
    if query.owners:
        return _narrowed(matched.rows, query.chosen)
    texts = facets.matching((text for text, _number in matched.texts), query.chosen)
    return matched.rows.filter(facets__in=texts)


def _by_owners(rows: AlgorithmQuerySet, names: tuple[str, ...]) -> AlgorithmQuerySet:
    if not names:
        return rows
    return rows.filter(owner__in=[owner for name in names for owner in Owner.objects.named(name)])


def _texts(rows: AlgorithmQuerySet) -> list[tuple[str, int]]:
    return list(rows.order_by().values_list("facets").annotate(number=Count("*")))


def _matching(words: str, reading: Reading) -> Q:
    """What the reading finds; strictly read, words may also be part of a name, or owner/name."""
    condition = reading.condition
    if reading.closeness is not Closeness.EVERY or len(words) < full_text.SHORTEST_PART:
        return condition
    owner, _slash, name = words.partition("/")
    condition |= Q(name__icontains=words) | Q(label__icontains=words)
    found = Owner.objects.named(owner).first()
    return condition | Q(owner=found, name__icontains=name) if found else condition


def _narrowed(rows: AlgorithmQuerySet, chosen: Chosen) -> AlgorithmQuerySet:
    for name, given in chosen.items():
        column = facets.BY_NAME[name].column
        if column == "is_gpu":
            rows = rows.filter(is_gpu__in=[value == "gpu" for value in given])
        else:
            rows = rows.filter(**{f"{column}__in": given})
    return rows


def _ordered(
    rows: AlgorithmQuerySet, order: Order, reading: Reading | None, total: int, shown: slice
) -> list[UUID]:
    """Part of the rows in the order asked for; ids only, so that what is sorted is small."""
    if order is Order.BEST and reading is not None and reading.rank is None:
        return _listed(rows, reading.best)[shown]
    if order is not Order.BEST or reading is None or reading.rank is None:
        column = _COLUMNS[order if order in _COLUMNS else Order.TRENDING]
        return list(rows.order_by(column, "pk").values_list("pk", flat=True)[shown])
    if total > ALL_RANKED:
        most_called = rows.order_by(_COLUMNS[Order.TRENDING], "pk").values("pk")[:ALL_RANKED]
        rows = Algorithm.objects.filter(pk__in=most_called)
    ranked = rows.order_by(reading.rank.desc(), _COLUMNS[Order.TRENDING], "pk")
    return list(ranked.values_list("pk", flat=True)[shown])


def _listed(rows: AlgorithmQuerySet, best: tuple[UUID, ...]) -> list[UUID]:
    """The best that are among the rows, then the rows that are not among the best."""
    allowed = set(rows.filter(pk__in=best).values_list("pk", flat=True))
    others = rows.order_by("-trending", "pk").values_list("pk", flat=True)[: full_text.MOST]
    return list(dict.fromkeys([*(pk for pk in best if pk in allowed), *others]))


def _page(rows: AlgorithmQuerySet, shown: list[UUID]) -> list[Algorithm]:
    found = _with_owners(rows).in_bulk(shown)
    return [found[pk] for pk in shown if pk in found]


def _with_owners(rows: AlgorithmQuerySet) -> AlgorithmQuerySet:
    related = rows.select_related("owner__user", "owner__organization", "environment")
    return related.defer("readme", "sample_input")


def _last(values: Values, name: str) -> str:
    given = values.get(name) or [""]
    return given[-1].replace("\0", "").strip()


def _several(values: Values, name: str) -> tuple[str, ...]:
    given = [value.replace("\0", "").strip()[:40] for value in values.get(name, [])]
    return tuple(dict.fromkeys(value for value in given if value))[:MOST_VALUES]
