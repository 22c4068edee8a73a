"""What authors write in Markdown, on pages."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from marketplace.catalog import readme

register = template.Library()


@register.filter
def markdown(text: str) -> SafeString:
    """Sanitised, its headings below those of the page."""
    return readme.render(text)
