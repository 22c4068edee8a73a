"""Times as the predecessor's clients read them: UTC, with a fraction and a Z."""

from __future__ import annotations

from datetime import UTC, datetime


def to_wire(when: datetime) -> str:
    """`2016-01-06T00:52:34.000Z`: its Python client refuses a time without the fraction."""
    utc = when.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"
