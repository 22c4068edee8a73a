"""Words and filters become a ranked list of algorithms that the one who asks may see."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from algorithms.models import Algorithm, Call, Version
from marketplace.accounts.actors import Actor
from marketplace.catalog import full_text
from runners.models import Environment


class Order(StrEnum):
    BEST = "best"
    NEWEST = "newest"
    CALLED = "called"


ORDER_LABELS = {
    Order.BEST: "Best match",
    Order.NEWEST: "Newest",
    Order.CALLED: "Most called",
}


@dataclass(frozen=True)
class Query:
    """What was asked for. Empty means: whatever there is."""

    words: str = ""
    language: str = ""
    is_offline: bool = False
    is_free: bool = False
    is_gpu: bool = False
    is_open: bool = False
    order: Order = Order.BEST

    @classmethod
    def parse(cls, values: dict[str, str]) -> Query:
        """Read an address; what it cannot mean is left out rather than refused."""
        order = values.get("sort", "")
        return cls(
            words=values.get("q", "").strip()[:200].replace("\0", ""),
            language=values.get("language", "")[:30].replace("\0", ""),
            is_offline=values.get("internet") == "no",
            is_free=values.get("price") == "free",
            is_gpu=values.get("machine") == "gpu",
            is_open=values.get("source") == "open",
            order=Order(order) if order in set(Order) else Order.BEST,
        )

    def parameters(self) -> dict[str, str]:
        """The address of this query; the opposite of `parse`."""
        values = {
            "q": self.words,
            "language": self.language,
            "internet": "no" if self.is_offline else "",
            "price": "free" if self.is_free else "",
            "machine": "gpu" if self.is_gpu else "",
            "source": "open" if self.is_open else "",
            "sort": "" if self.order is Order.BEST else str(self.order),
        }
        return {name: value for name, value in values.items() if value}

    def relaxed(self) -> list[tuple[str, Query]]:
        """Each filter by its name in words, and the query without it."""
        without = [
            (f"language {self.language}", self.language, replace(self, language="")),
            ("no internet access", self.is_offline, replace(self, is_offline=False)),
            ("free", self.is_free, replace(self, is_free=False)),
            ("GPU", self.is_gpu, replace(self, is_gpu=False)),
            ("open source", self.is_open, replace(self, is_open=False)),
        ]
        return [(label, query) for label, is_set, query in without if is_set]


def find(query: Query, *, by: Actor) -> list[UUID]:
    """The algorithms that match and that the actor may see, in the order asked for."""
    rows = _filtered(query, _listed(by))
    if query.order is Order.NEWEST:
        rows = rows.order_by("-created_at", "pk")
    elif query.order is Order.CALLED or not query.words:
        rows = rows.annotate(calls_made=_calls_made()).order_by("-calls_made", "-created_at", "pk")
    if not query.words:
        return list(rows.values_list("pk", flat=True)[: full_text.MOST])

    best_first = _matching(query.words, rows)
    if query.order is Order.BEST:
        return best_first
    return list(rows.filter(pk__in=best_first).values_list("pk", flat=True))


def languages(*, by: Actor) -> list[str]:
    """The languages that the visible algorithms are written in."""
    used = Environment.objects.filter(algorithms__in=_listed(by))
    return sorted(used.values_list("language", flat=True).distinct())


def _listed(actor: Actor) -> QuerySet[Algorithm]:
    """What a search may show: published ones, and the actor's own drafts."""
    return Algorithm.objects.visible_to(actor)


def _filtered(query: Query, rows: QuerySet[Algorithm]) -> QuerySet[Algorithm]:
    """Internet and price are those of the newest version, since that is what gets called."""
    newest = Version.objects.filter(algorithm=OuterRef("pk")).public().newest_first()
    if query.language:
        rows = rows.filter(environment__language=query.language)
    if query.is_gpu:
        rows = rows.filter(environment__machine_type=Environment.MachineType.GPU)
    if query.is_open:
        rows = rows.filter(source_visibility=Algorithm.SourceVisibility.OPEN)
    if query.is_offline:
        now = Coalesce(Subquery(newest.values("network_access")[:1]), "network_access")
        rows = rows.annotate(network_now=now).filter(network_now=Algorithm.NetworkAccess.ISOLATED)
    if query.is_free:
        now = Coalesce(Subquery(newest.values("royalty_microcredits")[:1]), "royalty_microcredits")
        rows = rows.annotate(royalty_now=now).filter(royalty_now=0)
    return rows


def _matching(words: str, rows: QuerySet[Algorithm]) -> list[UUID]:
    """Full-text matches by rank, then those whose name or owner holds the text as written."""
    ranked = full_text.ranked(words)
    allowed = set(rows.filter(pk__in=ranked).values_list("pk", flat=True))
    owner, _, name = words.partition("/")
    as_written = Q(name__icontains=words) | Q(label__icontains=words)
    as_written |= Q(owner__name__iexact=owner, name__icontains=name)
    also = rows.filter(as_written).values_list("pk", flat=True)[: full_text.MOST]
    return list(dict.fromkeys([*(pk for pk in ranked if pk in allowed), *also]))


def _calls_made() -> Coalesce:
    counted = (
        Call.objects.filter(algorithm=OuterRef("pk"))
        .order_by()
        .values("algorithm")
        .annotate(number=Count("pk"))
    )
    return Coalesce(Subquery(counted.values("number")), 0)
