"""One algorithm in a list: what its card shows, without a query for each."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from algorithms.models import Algorithm, AlgorithmImage
from marketplace.accounts.actors import Actor
from marketplace.catalog import facets
from marketplace.catalog.discovery import categories
from marketplace.catalog.models import Star
from marketplace.lib import timestamps

_TINTS: Final = 5
MICROCREDITS_PER_MICRO: Final = facets.DOLLAR // 1_000_000


@dataclass(frozen=True)
class Card:
    """What is shown of one algorithm; its numbers are those kept with it."""

    algorithm: Algorithm
    picture: UUID | None = None
    is_starred: bool = False

    @property
    def icon(self) -> str:
        return categories.icon(self.algorithm.task)

    @property
    def tint(self) -> int:
        """One of a few colours, always the same for one name."""
        return sum(self.algorithm.name.encode()) % _TINTS

    @property
    def price_micro(self) -> int:
        """The royalty of a call in micro-units of the site's currency, rounded up."""
        return -(-self.algorithm.price_microcredits // MICROCREDITS_PER_MICRO)

    @property
    def p50_seconds(self) -> float | None:
        microseconds = self.algorithm.p50_us
        return None if microseconds is None else microseconds / 1e6

    @property
    def p50_milliseconds(self) -> int:
        return max(1, round((self.algorithm.p50_us or 0) / 1000))

    @property
    def success_percent(self) -> int | None:
        """Rounded down, so that 100 means that none failed."""
        rate = self.algorithm.success_rate
        return None if rate is None else int(rate * 100 + 1e-9)

    @property
    def ran_ago(self) -> str:
        """How long ago it last ran well, in the largest unit; empty if it never did."""
        at = self.algorithm.last_success_at
        return timestamps.ago(at) if at is not None else ""

    @property
    def is_offline(self) -> bool:
        return self.algorithm.network == Algorithm.NetworkAccess.ISOLATED

    @property
    def language(self) -> facets.Words:
        return facets.BY_NAME["language"].words(self.algorithm.language)


def of(algorithms: Iterable[Algorithm], *, starred: Collection[UUID] = ()) -> list[Card]:
    """Cards in the same order; owner and environment come with the algorithms."""
    shown = list(algorithms)
    rows = AlgorithmImage.objects.filter(algorithm__in=shown).order_by("-position", "-created_at")
    pictures = {image.algorithm_id: image for image in rows.only("pk", "algorithm_id")}
    return [
        Card(
            algorithm,
            picture=pictures[algorithm.pk].pk if algorithm.pk in pictures else None,
            is_starred=algorithm.pk in starred,
        )
        for algorithm in shown
    ]


def starred_by(actor: Actor, algorithms: Iterable[Algorithm]) -> frozenset[UUID]:
    """Which of these the actor has starred."""
    if actor.user_id is None:
        return frozenset()
    rows = Star.objects.filter(user_id=actor.user_id, algorithm__in=list(algorithms))
    return frozenset(rows.values_list("algorithm_id", flat=True))
