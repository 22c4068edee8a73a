"""Times as the predecessor's clients read them, and as people do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _


def to_wire(when: datetime) -> str:
    """`2016-01-06T00:52:34.000Z`: its Python client refuses a time without the fraction."""
    utc = when.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def ago(when: datetime) -> str:
    """How long ago that was, in its largest unit."""
    if timezone.now() - when < timedelta(minutes=1):
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(when, depth=1)}
