"""What lists show of an algorithm is kept with it: how its newest public version is, and whether all see it.

Saving a version, an algorithm or its owner keeps it true at once. Whoever changes rows without
saving them one by one calls `refresh`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final
from uuid import UUID

from django.db.models import Min
from django.db.models.signals import post_delete, post_save

from algorithms.models import Algorithm, Version
from marketplace.accounts.models import Owner
from marketplace.catalog import facets, kinds

BATCH: Final = 500
COLUMNS: Final = (
    *("is_listed", "published_at", "language", "is_gpu", "price_microcredits", "price_band"),
    *("network", "input_kind", "output_kind", "facets"),
)


def refresh(algorithm_ids: Iterable[UUID]) -> int:
    """Work out anew what lists show of these; give how many had to be changed."""
    wanted = list(algorithm_ids)
    return sum(
        _refresh_some(wanted[start : start + BATCH]) for start in range(0, len(wanted), BATCH)
    )


def refresh_all() -> int:
    """Find what has changed without anybody telling."""
    return sum(_refresh_some(ids) for ids in _in_batches())


def _in_batches() -> Iterator[list[UUID]]:
    last: UUID | None = None
    while True:
        rows = Algorithm.objects.order_by("pk")
        rows = rows if last is None else rows.filter(pk__gt=last)
        ids = list(rows.values_list("pk", flat=True)[:BATCH])
        if not ids:
            return
        yield ids
        last = ids[-1]


def _refresh_some(ids: list[UUID]) -> int:
    rows = Algorithm.objects.filter(pk__in=ids).select_related("owner", "environment")
    algorithms = list(rows.defer("readme"))
    newest = _newest(ids)
    first = dict(
        Version.objects.filter(algorithm__in=ids)
        .ever_public()
        .order_by()
        .values_list("algorithm")
        .annotate(at=Min("created_at"))
    )
    changed = []
    for algorithm in algorithms:
        before = _state(algorithm)
        algorithm.published_at = first.get(algorithm.pk)
        describe(algorithm, newest.get(algorithm.pk))
        if _state(algorithm) != before:
            changed.append(algorithm)
    Algorithm.objects.bulk_update(changed, COLUMNS)
    return len(changed)


def _newest(ids: list[UUID]) -> dict[UUID, Version]:
    rows = Version.objects.filter(algorithm__in=ids).public()
    oldest_first = rows.order_by("major", "minor", "revision").select_related("build__environment")
    return {version.algorithm_id: version for version in oldest_first}


def describe(algorithm: Algorithm, version: Version | None) -> None:
    """Take what callers get from the version, and the rest from the algorithm."""
    owner = algorithm.owner
    is_hidden = owner.is_suspended or algorithm.quarantined_at is not None
    algorithm.is_listed = algorithm.is_public and version is not None and not is_hidden
    environment = version.build.environment if version else algorithm.environment
    algorithm.language = environment.language
    algorithm.is_gpu = environment.is_gpu
    settled = version or algorithm
    algorithm.network = settled.network_access
    algorithm.price_microcredits = settled.royalty_microcredits
    algorithm.price_band = facets.band(settled.royalty_microcredits)
    schemas = (version.input_schema, version.output_schema) if version else (None, None)
    algorithm.input_kind = kinds.of(schemas[0], settled.sample_input)
    algorithm.output_kind = kinds.of(schemas[1], version.sample_output if version else "")
    algorithm.facets = facets.text_of(algorithm)


def _state(algorithm: Algorithm) -> list[object]:
    return [getattr(algorithm, column) for column in COLUMNS]


def _version_changed(instance: Version, **_details: object) -> None:
    refresh([instance.algorithm_id])


def _algorithm_changed(instance: Algorithm, *, raw: bool = False, **_details: object) -> None:
    if not raw:
        refresh([instance.pk])


def _owner_changed(instance: Owner, *, created: bool = False, **_details: object) -> None:
    if not created:
        refresh(instance.algorithms.values_list("pk", flat=True))


def listen() -> None:
    """Hear of what is saved; called once, when the site starts."""
    for signal in (post_save, post_delete):
        signal.connect(_version_changed, sender=Version, dispatch_uid="listing-version")
    post_save.connect(_algorithm_changed, sender=Algorithm, dispatch_uid="listing-algorithm")
    post_save.connect(_owner_changed, sender=Owner, dispatch_uid="listing-owner")
