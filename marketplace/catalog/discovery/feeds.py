"""Atom feeds: any search, an owner, a shelf, the versions of one algorithm. Public things only."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _
from django.utils.xmlutils import SimplerXMLGenerator

from algorithms import resolving
from algorithms.models import Algorithm, Version
from marketplace.accounts.actors import ANONYMOUS
from marketplace.accounts.models import Owner
from marketplace.catalog import search
from marketplace.catalog.models import Category
from marketplace.catalog.search import Order, Query
from marketplace.lib.errors import NotFound

ENTRIES = 30
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class _Writer(SimplerXMLGenerator):
    """Leaves out what XML cannot say: one author's control character must not end the feed."""

    def characters(self, content: str) -> None:
        super().characters(_NOT_IN_XML.sub("", content))


class _Atom(Atom1Feed):
    def write(self, outfile: Any, encoding: str) -> None:  # noqa: ANN401 - Django's
        handler = _Writer(outfile, encoding, short_empty_elements=True)
        handler.startDocument()
        handler.startElement("feed", self.root_attributes())  # type: ignore[arg-type]  # Django's
        self.add_root_elements(handler)
        self.write_items(handler)
        handler.endElement("feed")


class _Algorithms(Feed):  # type: ignore[type-arg]
    """Algorithms, by when their first public version came."""

    feed_type = _Atom

    def item_title(self, item: Algorithm) -> str:
        return f"{item.label} ({item})"

    def item_description(self, item: Algorithm) -> str:
        return item.tagline

    def item_link(self, item: Algorithm) -> str:
        return reverse("catalog:algorithm", args=[item.owner.name, item.name])

    def item_pubdate(self, item: Algorithm) -> datetime | None:
        return item.published_at

    item_updateddate = item_pubdate

    def item_guid(self, item: Algorithm) -> str:
        return f"urn:uuid:{item.pk}"

    def item_author_name(self, item: Algorithm) -> str:
        return item.owner.name


class ExploreFeed(_Algorithms):
    """What an address of Explore finds, the newest first."""

    def get_object(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> Query:  # noqa: ANN401 - Django's
        return Query.parse(dict(request.GET.lists()))

    def title(self, obj: Query) -> str:
        what = f"“{obj.words}”" if obj.words else _("Explore")
        return f"{what} · {settings.SITE_NAME}"

    def link(self, obj: Query) -> str:
        return f"{reverse('catalog:explore')}?{obj.address}"

    def items(self, obj: Query) -> list[Algorithm]:
        found = search.find(replace(obj, order=Order.NEWEST), by=ANONYMOUS)
        return found.algorithms[:ENTRIES]


class CategoryFeed(_Algorithms):
    def get_object(self, request: HttpRequest, slug: str) -> Category:
        del request
        return get_object_or_404(Category, slug=slug)

    def title(self, obj: Category) -> str:
        return f"{obj.title} · {settings.SITE_NAME}"

    def subtitle(self, obj: Category) -> str:
        return obj.description

    def link(self, obj: Category) -> str:
        return reverse("catalog:category", args=[obj.slug])

    def items(self, obj: Category) -> list[Algorithm]:
        query = Query(chosen={"task": (obj.slug,)}, order=Order.NEWEST)
        return search.first(query, by=ANONYMOUS, number=ENTRIES)


class _Versions(Feed):  # type: ignore[type-arg]
    """Public versions, the newest first."""

    feed_type = _Atom

    def item_title(self, item: Version) -> str:
        return str(item)

    def item_description(self, item: Version) -> str:
        return item.release_notes or item.algorithm.tagline

    def item_link(self, item: Version) -> str:
        algorithm = item.algorithm
        path = reverse("catalog:algorithm", args=[algorithm.owner.name, algorithm.name])
        return f"{path}?version={item.number}"

    def item_pubdate(self, item: Version) -> datetime:
        return item.created_at

    item_updateddate = item_pubdate

    def item_guid(self, item: Version) -> str:
        return f"urn:uuid:{item.pk}"

    def item_author_name(self, item: Version) -> str:
        return item.algorithm.owner.name


class OwnerFeed(_Versions):
    """What an owner has published: new algorithms and new versions of old ones."""

    def get_object(self, request: HttpRequest, owner: str) -> Owner:
        del request
        rows = Owner.objects.named(owner).select_related("user", "organization")
        found = rows.filter(is_suspended=False).first()
        if found is None:
            raise Http404(f"Nobody here is called {owner}.")
        return found

    def title(self, obj: Owner) -> str:
        return f"{obj.label} · {settings.SITE_NAME}"

    def link(self, obj: Owner) -> str:
        return reverse("catalog:owner", args=[obj.name])

    def items(self, obj: Owner) -> list[Version]:
        rows = Version.objects.public().filter(
            algorithm__owner=obj, algorithm__is_listed=True, algorithm__quarantined_at=None
        )
        return list(rows.select_related("algorithm__owner").order_by("-created_at")[:ENTRIES])


class AlgorithmFeed(_Versions):
    def get_object(self, request: HttpRequest, owner: str, name: str) -> Algorithm:
        del request
        try:
            return resolving.find(owner, name, by=ANONYMOUS)
        except NotFound as error:
            raise Http404(error.message) from error

    def title(self, obj: Algorithm) -> str:
        return f"{obj.label} · {settings.SITE_NAME}"

    def link(self, obj: Algorithm) -> str:
        return reverse("catalog:versions", args=[obj.owner.name, obj.name])

    def items(self, obj: Algorithm) -> list[Version]:
        rows = obj.versions.public().select_related("algorithm__owner")
        return list(rows.order_by("-created_at")[:ENTRIES])
