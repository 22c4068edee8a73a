"""The list of pages that are looked at is the whole site."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

from tests.e2e import routes

FOREIGN = ("admin:", "compat:", "people:")
"""Django's own pages, and doors that programs use."""


def _names(patterns: list[URLPattern | URLResolver], space: str = "") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from _names(pattern.url_patterns, inner)
        elif pattern.name:
            yield space + pattern.name


def test_every_page_of_the_site_is_on_the_list_or_named_as_none() -> None:
    present = {
        name
        for name in _names(get_resolver().url_patterns)
        if ":" in name and not name.startswith(FOREIGN)
    }
    shown = {page.route for page in routes.PAGES}

    assert present - shown - routes.NO_PAGE == set()
    assert (shown | routes.NO_PAGE) - present == set()
    assert shown & routes.NO_PAGE == set()


def test_each_page_on_the_list_has_a_name_of_its_own() -> None:
    labels = [f"{page.label}-{page.who}" for page in routes.PAGES]

    assert len(labels) == len(set(labels))
