"""Names that a person could take for another, better known one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.conf import settings
from django.db.models import Q

from algorithms.models import Algorithm

FEWEST_CALLERS: Final = 5
FEWEST_STARS: Final = 3
MOST_COMPARED: Final = 1000
_LOOKS_LIKE: Final = (
    *(("rn", "m"), ("vv", "w"), ("cl", "d"), ("_", "")),
    *(("0", "o"), ("1", "l"), ("i", "l"), ("3", "e"), ("5", "s"), ("8", "b"), ("2", "z")),
)
_OFFICIAL: Final = ("admin", "official", "support", "security", "staff", "moderator")


def skeleton(name: str) -> str:
    """The name with letters that look alike made the same."""
    text = name.casefold()
    for written, seen in _LOOKS_LIKE:
        text = text.replace(written, seen)
    return text


def distance(one: str, other: str) -> int:
    """How many letters must be added, left out, changed or swapped with their neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        earlier, before, row = before, row, [at]
        for place, another in enumerate(other, 1):
            cost = int(letter != another)
            best = min(before[place] + 1, row[place - 1] + 1, before[place - 1] + cost)
            is_swap = at > 1 and place > 1 and letter == other[place - 2] and one[at - 2] == another
            row.append(min(best, earlier[place - 2] + 1) if is_swap else best)
    return row[-1]


def is_like(name: str, known: str) -> bool:
    """Whether a hurried reader could take one for the other."""
    if skeleton(name) == skeleton(known):
        return True
    shorter = min(len(name), len(known))
    allowed = 0 if shorter < 5 else 1 if shorter < 9 else 2
    return distance(name.casefold(), known.casefold()) <= allowed


def suspicion(algorithm: Algorithm) -> str:
    """A sentence on whom the names of an algorithm and its owner could be taken for, or nothing."""
    owner = algorithm.owner.name
    official = _poses_as_site(owner)
    if official:
        return f"The owner {owner} could be taken for the site itself: “{official}”."
    known = _well_known(algorithm)
    owners = sorted({other for other, _name in known if other.casefold() != owner.casefold()})
    like = next((other for other in owners if is_like(owner, other)), "")
    if like:
        return f"The owner {owner} could be taken for {like}."
    names = ((other, name) for other, name in known if is_like(algorithm.name, name))
    return _same_name(algorithm, names)


def _same_name(algorithm: Algorithm, names: Iterable[tuple[str, str]]) -> str:
    for owner, name in names:
        return f"{algorithm} could be taken for {owner}/{name}, which is well known."
    return ""


def _poses_as_site(owner: str) -> str:
    text = skeleton(owner)
    words = [*_OFFICIAL, "".join(filter(str.isalnum, str(settings.SITE_NAME)))]
    return next((word for word in words if word and skeleton(word) in text), "")


def _well_known(algorithm: Algorithm) -> list[tuple[str, str]]:
    popular = Q(callers_30d__gte=FEWEST_CALLERS) | Q(stars_count__gte=FEWEST_STARS)
    rows = Algorithm.objects.filter(popular, is_public=True).exclude(owner=algorithm.owner)
    rows = rows.order_by("-callers_30d", "-stars_count")[:MOST_COMPARED]
    return list(rows.values_list("owner__name", "name"))
