"""Who would miss a file: parts of the site that can tell add themselves to `finders`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner


@dataclass(frozen=True)
class Mention:
    """One place that names a path, and the page where it can be changed."""

    label: str
    place: str
    url: str


finders: Final[list[Callable[[Owner, str, Actor], Iterable[Mention]]]] = []
MOST: Final = 20


def of(owner: Owner, path: str, actor: Actor) -> list[Mention]:
    """Places of the owner that name a data:// path and that the actor may see, the first ones."""
    found: list[Mention] = []
    for find in finders:
        for mention in find(owner, path, actor):
            found.append(mention)
            if len(found) >= MOST:
                return found
    return found
