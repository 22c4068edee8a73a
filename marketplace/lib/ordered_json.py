"""A model field for JSON whose members stay in the order in which somebody wrote them."""

from __future__ import annotations

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.types.json import Json, Jsonb


class OrderedJSONField(models.JSONField):
    """PostgreSQL's jsonb sorts the names of members; its json keeps the text as it came.

    It can be read and written, not searched in.
    """

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        return "json" if connection.vendor == "postgresql" else super().db_type(connection)

    def get_db_prep_value(
        self,
        value: object,
        connection: BaseDatabaseWrapper,
        prepared: bool = False,
    ) -> object:
        adapted = super().get_db_prep_value(value, connection, prepared)
        if isinstance(adapted, Jsonb):
            return Json(adapted.obj, dumps=adapted.dumps)
        return adapted

    def from_db_value(
        self, value: object, expression: object, connection: BaseDatabaseWrapper
    ) -> object:
        if connection.vendor == "postgresql":
            return value  # the driver has read it; only of jsonb does Django keep it from that
        return super().from_db_value(value, expression, connection)  # type: ignore[arg-type]
