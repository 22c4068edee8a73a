"""The tabs of an algorithm's page, in their order: the one place that lists them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from algorithms.models import Algorithm
from algorithms.permissions import may_edit, may_see_builds, may_view_source
from marketplace.accounts.actors import Actor

_Rule = Callable[[Actor, Algorithm], bool]


@dataclass(frozen=True)
class Tab:
    """A page of its own; `of_version` says that it shows the version which was chosen."""

    slug: str
    label: str | Promise
    page: str
    may_open: _Rule | None = None
    of_version: bool = True


def _keeps_insights(actor: Actor, algorithm: Algorithm) -> bool:
    return algorithm.keeps_insights and may_edit(actor, algorithm)


TABS: Final = (
    Tab("run", _("Run"), "catalog:algorithm"),
    Tab("docs", _("Docs"), "catalog:algorithm_docs"),
    Tab("api", _("API"), "catalog:algorithm_api"),
    Tab("versions", _("Versions"), "catalog:versions"),
    Tab("cost", _("Cost"), "catalog:cost"),
    Tab("reviews", _("Reviews"), "reviews:list", of_version=False),
    Tab("discussion", _("Discussion"), "reviews:threads", of_version=False),
    Tab("source", _("Source"), "catalog:source", may_view_source),
    Tab("builds", _("Builds"), "algorithms:builds", may_see_builds, of_version=False),
    Tab("errors", _("Errors"), "catalog:errors", may_edit, of_version=False),
    Tab("insights", _("Insights"), "catalog:insights", _keeps_insights, of_version=False),
    Tab("usage", _("Usage"), "catalog:usage", may_edit, of_version=False),
    Tab("settings", _("Settings"), "algorithms:settings", may_edit, of_version=False),
)


@dataclass(frozen=True)
class Link:
    """A tab as it stands on a page."""

    slug: str
    label: str | Promise
    url: str


def of(algorithm: Algorithm, chosen: str, actor: Actor) -> list[Link]:
    """The tabs that whoever looks may open; those of a page that this site lacks are left out."""
    links = []
    for tab in TABS:
        if tab.may_open is not None and not tab.may_open(actor, algorithm):
            continue
        try:
            url = reverse(tab.page, args=[algorithm.owner.name, algorithm.name])
        except NoReverseMatch:
            continue
        is_pinned = chosen and tab.of_version
        links.append(Link(tab.slug, tab.label, f"{url}?version={chosen}" if is_pinned else url))
    return links
