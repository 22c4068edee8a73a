"""Small drawings in an author's pages, made without scripts: how much changed, how calls went."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

register = template.Library()

BAR: Final = 10
_HEIGHT: Final = 24
_STEP: Final = 8
_PLACE: Final = re.compile(
    r"([\w./-]+\.(?:py|txt|json|md|toml|ya?ml|cfg|ini))(?:\"?, line |:)(\d{1,7})"
)


@register.simple_tag
def diff_bar(added: int | None, removed: int | None) -> SafeString:
    """Lines added and removed, as numbers and as a bar of ten fields."""
    if added is None or removed is None:
        return format_html('<span class="diffstat__words">{}</span>', _("not text"))
    total = added + removed
    fields = min(BAR, total)
    green = round(fields * added / total) if total else 0
    if total and 0 < added < total:
        green = min(max(green, 1), max(fields - 1, 1))
    return format_html(
        '<span class="diffstat__words">+{} −{}</span>'
        '<span class="diffstat__bar" aria-hidden="true"><b>{}</b><i>{}</i></span>',
        added,
        removed,
        "■" * green,
        "■" * (fields - green),
    )


@register.simple_tag
def sparkline(values: Sequence[int], label: str) -> SafeString:
    """Bars for a few days' counts; the label says in words what they show."""
    most = max(values, default=0)
    bars = [
        (index * _STEP, _HEIGHT - height, _STEP - 2, height)
        for index, value in enumerate(values)
        for height in [max(2, round(value * _HEIGHT / most)) if value else 1]
    ]
    return format_html(
        '<svg class="sparkline" role="img" aria-label="{}" viewBox="0 0 {} {}">{}</svg>',
        label,
        len(values) * _STEP,
        _HEIGHT,
        format_html_join("", '<rect x="{}" y="{}" width="{}" height="{}" rx="1"/>', bars),
    )


@register.filter
def seconds(duration: timedelta | None) -> str:
    """`4.2 s`, `1 min 20 s`; nothing for what has not begun."""
    if duration is None:
        return "–"
    total = duration.total_seconds()
    if total < 60:
        return f"{total:.1f} s"
    return f"{int(total // 60)} min {int(total % 60)} s"


@register.simple_tag
def linked_places(text: str, editor: str) -> SafeString:
    """A build's error with `src/Hello.py, line 3` as a link that opens the editor there."""
    pieces: list[SafeString] = []
    at = 0
    for place in _PLACE.finditer(text):
        query = urlencode({"file": place[1], "line": place[2]})
        pieces.append(format_html("{}", text[at : place.start()]))
        pieces.append(format_html('<a href="{}?{}">{}</a>', editor, query, place[0]))
        at = place.end()
    pieces.append(format_html("{}", text[at:]))
    return mark_safe("".join(pieces))  # noqa: S308 - each piece is escaped above
