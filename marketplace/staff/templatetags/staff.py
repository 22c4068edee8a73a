"""How pages of staff show risks, waits and logs."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()

HIGH: Final = 60
MIDDLE: Final = 35
_ESCAPES: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@register.filter
def risk(number: int) -> str:
    """high, middle or low."""
    if number >= HIGH:
        return "high"
    return "middle" if number >= MIDDLE else "low"


@register.filter
def risk_kind(number: int) -> str:
    """The kind of badge that shows a risk."""
    return {"high": "error", "middle": "warning", "low": ""}[risk(number)]


@register.filter
def wait(time: timedelta) -> str:
    """A wait in its largest unit: 41 min, 3 h, 2 days."""
    minutes = max(1, round(time.total_seconds() / 60))
    if minutes < 90:
        return _("%(number)s min") % {"number": minutes}
    hours = round(minutes / 60)
    if hours < 48:
        return _("%(number)s h") % {"number": hours}
    days = round(hours / 24)
    return ngettext("%(number)s day", "%(number)s days", days) % {"number": days}


@register.filter
def plain_log(text: str) -> str:
    """A log without the codes that colour it in a terminal."""
    return _ESCAPES.sub("", text)
