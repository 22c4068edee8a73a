"""Change many rows by different amounts in one statement, which Django has no fast words for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection, models


def add(model: type[models.Model], amounts: Mapping[int, Sequence[int]], *columns: str) -> None:
    """Add to columns of rows: `{pk: (for the first column, for the second, …)}`.

    The rows must be locked already, in the order everybody locks them in.
    """
    _change(model, amounts, columns, is_sum=True)


def put(model: type[models.Model], values: Mapping[Any, Sequence[int]], *columns: str) -> None:
    """Set integer columns of rows: `{pk: (for the first column, for the second, …)}`."""
    _change(model, values, columns, is_sum=False)


def insert(rows: Sequence[models.Model]) -> None:
    """Insert new rows of one model as bulk_create does, in a quarter of its time."""
    if not rows:
        return
    meta, quote = rows[0]._meta, connection.ops.quote_name  # noqa: SLF001
    fields = [field for field in meta.concrete_fields if not field.generated]
    columns = ", ".join(quote(str(field.column)) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {quote(meta.db_table)} ({columns}) VALUES ({places})",  # noqa: S608
            [
                [
                    field.get_db_prep_save(getattr(row, str(field.attname)), connection)
                    for field in fields
                ]
                for row in rows
            ],
        )


def _change(
    model: type[models.Model],
    values: Mapping[Any, Sequence[int]],
    columns: Sequence[str],
    *,
    is_sum: bool,
) -> None:
    if not values:
        return
    quote = connection.ops.quote_name
    table, key = quote(model._meta.db_table), quote(str(model._meta.pk.column))  # noqa: SLF001
    names = [quote(column) for column in columns]
    rows = [(pk, *row) for pk, row in values.items()]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            kind = "uuid" if isinstance(rows[0][0], UUID) else "bigint"
            arrays = ", ".join([f"%s::{kind}[]", *["%s::bigint[]"] * len(names)])
            new = [f"{name} = {table}.{name} + new.{name}" for name in names]
            if not is_sum:
                new = [f"{name} = new.{name}" for name in names]
            cursor.execute(
                f"UPDATE {table} SET {', '.join(new)} "  # noqa: S608
                f"FROM unnest({arrays}) AS new (the_key, {', '.join(names)}) "
                f"WHERE {table}.{key} = new.the_key",
                [list(column) for column in zip(*rows, strict=True)],
            )
            return
        new = [f"{name} = {name} + %s" if is_sum else f"{name} = %s" for name in names]
        cursor.executemany(
            f"UPDATE {table} SET {', '.join(new)} WHERE {key} = %s",  # noqa: S608
            [(*row, pk.hex if isinstance(pk, UUID) else pk) for pk, *row in rows],
        )
