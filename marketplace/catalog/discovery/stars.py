"""Say that one likes an algorithm, or does no longer."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F

from algorithms.models import Algorithm
from marketplace.accounts.actors import Actor
from marketplace.catalog.discovery.permissions import may_star
from marketplace.catalog.models import Star


@transaction.atomic
def star(algorithm: Algorithm, *, by: Actor) -> int:
    """Give a star, once; give how many it has now."""
    by.require(may_star, algorithm)
    _row, is_new = Star.objects.get_or_create(user_id=by.user_id or 0, algorithm=algorithm)
    return _counted(algorithm, 1 if is_new else 0)


@transaction.atomic
def unstar(algorithm: Algorithm, *, by: Actor) -> int:
    """Take it back; give how many it has now."""
    by.require(may_star, algorithm)
    gone, _rows = Star.objects.filter(user_id=by.user_id or 0, algorithm=algorithm).delete()
    return _counted(algorithm, -gone)


def _counted(algorithm: Algorithm, change: int) -> int:
    rows = Algorithm.objects.filter(pk=algorithm.pk)
    if change:
        rows.filter(stars_count__gte=-change).update(stars_count=F("stars_count") + change)
    return rows.values_list("stars_count", flat=True).get()
