"""The errors that Stripe answers with."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """A request that is not carried out, as Stripe words it."""

    def __init__(self, status: int, kind: str, message: str, **more: object) -> None:
        super().__init__(message)
        self.status = status
        given = {name: value for name, value in more.items() if value is not None}
        self.body: dict[str, Any] = {"error": {"type": kind, "message": message, **given}}


def invalid(message: str, code: str | None = None, param: str | None = None) -> Refusal:
    return Refusal(400, "invalid_request_error", message, code=code, param=param)


def missing(kind: str, id_: object) -> Refusal:
    """There is no such object."""
    return Refusal(
        404,
        "invalid_request_error",
        f"No such {kind.rsplit('.', maxsplit=1)[-1].replace('_', ' ')}: {str(id_)!r}",
        code="resource_missing",
        param="id",
    )


def need(
    condition: object, message: str, code: str | None = None, param: str | None = None
) -> None:
    if not condition:
        raise invalid(message, code, param)
