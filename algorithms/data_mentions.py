"""Which algorithms name a file or a collection in their source, so that deleting it says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from algorithms import history, repositories
from algorithms.models import Algorithm
from algorithms.permissions import may_view_source
from data_collections import mentions
from data_collections.mentions import Mention
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib.errors import MarketplaceError

MOST_SEARCHED: Final = 40
"""Algorithms looked through, the last changed first: a page must not take long."""


def find(owner: Owner, path: str, actor: Actor) -> Iterator[Mention]:
    """Lines in the newest source of the owner's algorithms that name the path."""
    algorithms = Algorithm.objects.filter(owner=owner).select_related("owner")
    for algorithm in algorithms.order_by("-updated_at")[:MOST_SEARCHED]:
        if not may_view_source(actor, algorithm):
            continue
        for place in _places(algorithm, path):
            yield Mention(
                label=str(algorithm),
                place=f"{place.path}:{place.line}",
                url=f"/algorithms/{algorithm}/edit/",
            )


def _places(algorithm: Algorithm, path: str) -> list[history.Place]:
    try:
        commit = repositories.head(algorithm.pk)
        return history.find_text(algorithm.pk, commit, path, is_exact=True)[:3]
    except MarketplaceError:
        return []  # it has no source yet


mentions.finders.append(find)
