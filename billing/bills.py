"""From a call to its row of usage, written in the transaction that records the call.

The amount leaves the lease of the process that has admitted the call at the same moment, so
that it is held once: by the lease before, by the usage after, until that is settled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import connection

from billing.models import Lease, Usage
from billing.pricing import Price


@dataclass(frozen=True, slots=True)
class Bill:
    """Who will pay for a call, at which prices, out of which limits. Known before it runs."""

    payer_id: UUID
    author_id: UUID
    member_id: int | None
    tag: str
    price: Price
    limit_ids: tuple[int, ...] = ()
    leased: tuple[int, ...] = ()  # those this process has a lease on: all, or a cap that has
    spender: UUID | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """What it has cost; never more than was held."""

    outcome: str
    billed_ms: int = 0
    compute: int = 0
    royalty: int = 0
    held: int = 0

    @property
    def total(self) -> int:
        return self.compute + self.royalty


NOTHING: Final = Charge(Usage.Outcome.NOT_RUN.value)


@dataclass(frozen=True, slots=True)
class Record:
    """A call that is over, and its bill."""

    call_id: UUID
    root_id: UUID
    parent_id: UUID | None
    algorithm_id: UUID
    version_id: UUID | None
    key_id: UUID | None
    started_at: float
    bill: Bill
    charge: Charge


def read_bill(entry: dict[str, Any]) -> Bill:
    """A bill out of the line of a journal."""
    return Bill(
        payer_id=UUID(entry["payer_id"]),
        author_id=UUID(entry["author_id"]),
        member_id=entry["member_id"],
        tag=entry["tag"],
        price=Price(**entry["price"]),
        limit_ids=tuple(entry["limit_ids"]),
        leased=tuple(entry["leased"]),
        spender=UUID(entry["spender"]) if entry["spender"] else None,
    )


def write(records: Sequence[Record]) -> None:
    """Insert the usage that is not there yet and take it out of the leases; in a transaction."""
    if not records:
        return
    leases = _locked_leases(records)
    wanted = _by_lease(records)
    short = {place for place, amount in wanted.items() if leases.get(place, 0) < amount}
    held = {record.call_id: not short.intersection(_places(record)) for record in records}
    inserted = _insert(records, held)
    new = [one for one in records if one.call_id in inserted and held[one.call_id]]
    _reduce(_by_lease(new))


_Place = tuple[UUID, int]


def _places(record: Record) -> list[_Place]:
    spender = record.bill.spender
    if spender is None or not record.charge.total:
        return []
    return [(spender, limit_id) for limit_id in record.bill.leased]


def _by_lease(records: Iterable[Record]) -> dict[_Place, int]:
    amounts: dict[_Place, int] = defaultdict(int)
    for record in records:
        for place in _places(record):
            amounts[place] += record.charge.total
    return amounts


def _locked_leases(records: Sequence[Record]) -> dict[_Place, int]:
    """What the leases these calls draw on have, locked in the order everybody locks them in."""
    places = {place for record in records for place in _places(record)}
    if not places:
        return {}
    rows = Lease.objects.filter(
        spender_id__in={spender for spender, _ in places},
        limit_id__in={limit_id for _, limit_id in places},
    ).order_by("limit_id", "spender_id")
    found = rows.select_for_update().values_list("spender_id", "limit_id", "amount")
    return {(spender, limit_id): amount for spender, limit_id, amount in found}


def _reduce(amounts: dict[_Place, int]) -> None:
    by_spender: dict[UUID, dict[int, int]] = defaultdict(dict)
    for (spender, limit_id), amount in amounts.items():
        by_spender[spender][limit_id] = amount
    table = connection.ops.quote_name(Lease._meta.db_table)  # noqa: SLF001
    for spender, parts in by_spender.items():
        cases = " ".join(["WHEN %s THEN %s"] * len(parts))
        places = ", ".join(["%s"] * len(parts))
        statement = (
            f"UPDATE {table} SET amount = amount - CASE limit_id {cases} ELSE 0 END "  # noqa: S608
            f"WHERE spender_id = %s AND limit_id IN ({places})"
        )
        pairs = [number for pair in parts.items() for number in pair]
        with connection.cursor() as cursor:
            cursor.execute(statement, [*pairs, _adapted(spender), *parts])


def _insert(records: Sequence[Record], held: dict[UUID, bool]) -> set[UUID]:
    """Give the ids of those that were not there; one statement, as for the calls themselves."""
    values: list[Any] = []
    moment = connection.ops.adapt_datetimefield_value
    for one in records:
        bill, charge, price = one.bill, one.charge, one.bill.price
        values += (
            _adapted(one.call_id),
            _adapted(one.root_id),
            _adapted(one.parent_id),
            _adapted(bill.payer_id),
            _adapted(bill.author_id),
            _adapted(one.algorithm_id),
            _adapted(one.version_id),
            _adapted(one.key_id),
            bill.member_id,
            bill.tag,
            charge.outcome,
            charge.billed_ms,
            charge.compute,
            charge.royalty,
            charge.total,
            charge.held,
            orjson.dumps(price).decode(),
            orjson.dumps(bill.limit_ids).decode(),
            held[one.call_id],
            moment(datetime.fromtimestamp(one.started_at, tz=UTC)),
            0,
            0,
            0,
        )
    with connection.cursor() as cursor:
        cursor.execute(_statement(connection.vendor, len(records)), values)
        return {_uuid(row[0]) for row in cursor.fetchall()}


_COLUMNS: Final = (
    *("call_id", "root_id", "parent_id", "payer_id", "author_id", "algorithm_id", "version_id"),
    *("key_id", "member_id", "tag", "outcome", "billed_ms", "compute", "royalty", "total"),
    *("held", "price", "limit_ids", "is_held", "at", "promo", "lost", "author_share"),
)


@cache
def _statement(vendor: str, rows: int) -> str:  # noqa: ARG001 - databases quote in different ways
    quote = connection.ops.quote_name
    table = quote(Usage._meta.db_table)  # noqa: SLF001
    listed = ", ".join(map(quote, _COLUMNS))
    row = f"({', '.join(['%s'] * len(_COLUMNS))})"
    places = ", ".join([row] * rows)
    return (
        f"INSERT INTO {table} ({listed}) VALUES {places} "  # noqa: S608
        "ON CONFLICT DO NOTHING RETURNING call_id"
    )


def _adapted(value: UUID | None) -> UUID | str | None:
    if value is None or connection.features.has_native_uuid_field:
        return value
    return value.hex


def _uuid(value: UUID | str) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)
