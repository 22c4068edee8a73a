from __future__ import annotations

import json
from typing import Final

from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from marketplace.languages import catalogues

register = template.Library()

_UNSAFE_IN_SCRIPTS: Final = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026"}


@register.simple_tag
def words() -> SafeString:
    """What static/js/words.js reads: data, which no content security policy takes for a script."""
    found = catalogues.of_scripts(get_language() or settings.LANGUAGE_CODE)
    if not found:
        return mark_safe("")
    data = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    return format_html(
        '<script id="words" type="application/json">{}</script>',
        mark_safe(data.translate(_UNSAFE_IN_SCRIPTS)),  # noqa: S308 - cannot end the element
    )


@register.simple_tag
def offered_languages() -> list[tuple[str, str]]:
    """Code and own name of each language that pages come in."""
    return [(code, name) for code, name in settings.LANGUAGES if catalogues.has_texts(code)]
