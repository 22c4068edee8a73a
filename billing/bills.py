"""From a call to its row of usage, written in the transaction that records the call.

The amount leaves the lease of the process that has admitted the call at the same moment, so
that it is held once: by the lease before, by the usage after, until that is settled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Protocol
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
    path: str = ""  # owner/name
    version: str = ""
    digest: str = ""  # of what is run
    operation: str = ""  # where the version has several
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


class Begun(Protocol):
    """What is asked of the record of a call's beginning."""

    @property
    def id(self) -> UUID: ...
    @property
    def bill(self) -> Bill | None: ...


class Ended(Protocol):
    """And of its end."""

    @property
    def charge(self) -> Charge | None: ...


Row = tuple[Begun, Ended]
_Place = tuple[UUID, int]


def read(entry: dict[str, Any] | None) -> Bill | None:
    """A bill out of the line of a journal."""
    if entry is None:
        return None
    return Bill(
        payer_id=UUID(entry["payer_id"]),
        author_id=UUID(entry["author_id"]),
        member_id=entry["member_id"],
        tag=entry["tag"],
        price=Price(**entry["price"]),
        path=entry["path"],
        version=entry["version"],
        digest=entry["digest"],
        operation=entry["operation"],
        limit_ids=tuple(entry["limit_ids"]),
        leased=tuple(entry["leased"]),
        spender=UUID(entry["spender"]) if entry["spender"] else None,
    )


def write(rows: Sequence[Row], text: str) -> None:
    """Insert the usage that is not there yet and take it out of the leases; in a transaction.

    `text` has the rows as one JSON array of {"b": Begun, "e": Ended}, which the database takes
    apart itself (as algorithms/journal.py says why).
    """
    wanted = _by_lease(rows)
    leases = _locked(wanted)
    short = {place for place, amount in wanted.items() if leases.get(place, 0) < amount}
    if not short:
        new = _insert(text, is_held=True)
        _reduce(wanted if len(new) == len(rows) else _by_lease(_those(rows, new)))
        return
    lost = [row for row in rows if short.intersection(_places(row))]
    kept = [row for row in rows if not short.intersection(_places(row))]
    _insert(_text(lost), is_held=False)
    _reduce(_by_lease(_those(kept, _insert(_text(kept), is_held=True))))


def _places(row: Row) -> list[_Place]:
    begun, ended = row
    bill, charge = begun.bill, ended.charge
    if bill is None or charge is None or bill.spender is None or not charge.total:
        return []
    return [(bill.spender, limit_id) for limit_id in bill.leased]


def _by_lease(rows: Iterable[Row]) -> dict[_Place, int]:
    amounts: dict[_Place, int] = defaultdict(int)
    for row in rows:
        charge = row[1].charge
        for place in _places(row):
            amounts[place] += charge.total if charge else 0
    return dict(amounts)


def _those(rows: Iterable[Row], ids: set[UUID]) -> list[Row]:
    return [row for row in rows if row[0].id in ids]


def _locked(places: Iterable[_Place]) -> dict[_Place, int]:
    """What these leases have, locked in the order in which everybody locks them."""
    wanted = list(places)
    if not wanted:
        return {}
    rows = Lease.objects.filter(
        spender_id__in={spender for spender, _ in wanted},
        limit_id__in={limit_id for _, limit_id in wanted},
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
        spender_id = spender if connection.features.has_native_uuid_field else spender.hex
        pairs = [number for pair in parts.items() for number in pair]
        with connection.cursor() as cursor:
            cursor.execute(statement, [*pairs, spender_id, *parts])


def _text(rows: Sequence[Row]) -> str:
    return orjson.dumps([{"b": begun, "e": ended} for begun, ended in rows]).decode()


def _insert(text: str, *, is_held: bool) -> set[UUID]:
    """Give the ids of those that were not there."""
    with connection.cursor() as cursor:
        cursor.execute(_statement(connection.vendor), [is_held, text])
        found = cursor.fetchall()
    return {value if isinstance(value, UUID) else UUID(hex=value) for (value,) in found}


_SOURCES: Final = {
    "call_id": ("b", "id"),
    "root_id": ("b", "root_id"),
    "parent_id": ("b", "parent_id"),
    "payer_id": ("b", "bill", "payer_id"),
    "author_id": ("b", "bill", "author_id"),
    "algorithm_id": ("b", "algorithm_id"),
    "version_id": ("b", "version_id"),
    "key_id": ("b", "key_id"),
    "member_id": ("b", "bill", "member_id"),
    "tag": ("b", "bill", "tag"),
    "path": ("b", "bill", "path"),
    "version": ("b", "bill", "version"),
    "version_digest": ("b", "bill", "digest"),
    "operation": ("b", "bill", "operation"),
    "input_sha256": ("e", "input_sha256"),
    "output_sha256": ("e", "output_sha256"),
    "total_us": ("e", "total_us"),
    "queue_us": ("e", "queue_us"),
    "start_us": ("e", "start_us"),
    "load_us": ("e", "load_us"),
    "run_us": ("e", "run_us"),
    "outcome": ("e", "charge", "outcome"),
    "billed_ms": ("e", "charge", "billed_ms"),
    "compute": ("e", "charge", "compute"),
    "royalty": ("e", "charge", "royalty"),
    "held": ("e", "charge", "held"),
    "price": ("b", "bill", "price"),
    "limit_ids": ("b", "bill", "limit_ids"),
    "at": ("b", "started_at"),
}


@cache
def _statement(vendor: str) -> str:
    columns = {field.attname: field for field in Usage._meta.concrete_fields}  # noqa: SLF001
    value = _postgresql if vendor == "postgresql" else _sqlite
    chosen = {
        name: value(path, columns[name].db_type(connection) or "")
        for name, path in _SOURCES.items()
    }
    chosen["total"] = f"({chosen['compute']}) + ({chosen['royalty']})"
    chosen |= {"is_held": "%s", "promo": "0", "lost": "0", "author_share": "0"}
    names = ["is_held", *(name for name in chosen if name != "is_held")]
    listed = ", ".join(connection.ops.quote_name(name) for name in names)
    table = connection.ops.quote_name(Usage._meta.db_table)  # noqa: SLF001
    each = "jsonb_array_elements(%s::jsonb)" if vendor == "postgresql" else "json_each(%s)"
    has_bill = value(("b", "bill", "payer_id"), "text")
    return (
        f"INSERT INTO {table} ({listed}) SELECT {', '.join(chosen[name] for name in names)} "  # noqa: S608
        f"FROM {each} AS row WHERE {has_bill} IS NOT NULL ON CONFLICT DO NOTHING RETURNING call_id"
    )


def _postgresql(path: Sequence[str], kind: str) -> str:
    *way, last = path
    inside = "".join(f"->'{step}'" for step in way)
    if kind == "jsonb":
        return f"row.value{inside}->'{last}'"
    if last == "started_at":
        return f"to_timestamp((row.value{inside}->>'{last}')::float8)"
    return f"(row.value{inside}->>'{last}')::{kind}"


def _sqlite(path: Sequence[str], kind: str) -> str:
    value = f"json_extract(row.value, '$.{'.'.join(path)}')"
    if path[-1] == "started_at":  # as Django writes it: with six digits
        return f"strftime('%%Y-%%m-%%d %%H:%%M:%%f', {value}, 'unixepoch') || '000'"
    return f"replace({value}, '-', '')" if kind == "char(32)" else value
