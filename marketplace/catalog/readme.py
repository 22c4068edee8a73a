"""An author's Markdown becomes HTML that can do no harm on our pages."""

from __future__ import annotations

from typing import Final

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

from algorithms.schemas.declared import without_front_matter
from marketplace.catalog import colouring

_TAGS: Final = {
    *("h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "blockquote", "ul", "ol", "li"),
    *("strong", "em", "del", "s", "code", "pre", "a", "img", "span"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES: Final = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "span": {"class"},
    "ol": {"start"},
}
_DEEPEST: Final = 6
_LONGEST_WORD: Final = 1000
"""Looking for addresses takes time that grows with the square of a word's length: not beyond it."""


def render(text: str) -> SafeString:
    """Render Markdown; headings start at the second level, since the page's title is the first."""
    written = without_front_matter(text)
    options = {"html": False, "highlight": _highlighted}
    if max(map(len, written.split()), default=0) > _LONGEST_WORD:
        options["linkify"] = False
    parser = MarkdownIt("gfm-like", options)
    tokens = parser.parse(written)
    for token in tokens:
        _lower(token)
    html: str = parser.renderer.render(tokens, parser.options, {})
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        set_tag_attribute_values={"pre": {"tabindex": "0"}},  # the keyboard scrolls it too
        link_rel="nofollow noopener noreferrer ugc",
    )
    return mark_safe(clean)  # noqa: S308 - this is the one place that makes it safe


def _lower(token: Token) -> None:
    if token.type in {"heading_open", "heading_close"}:
        token.tag = f"h{min(int(token.tag[1]) + 1, _DEEPEST)}"


def _highlighted(code: str, language: str, _attributes: str) -> str:
    """Colour code in a language we know; an empty answer means: escape it as it is."""
    return colouring.in_language(code, language)
