"""The algorithm and version that an address names, for pages."""

from __future__ import annotations

from django.http import Http404

from marketplace.accounts.middleware import ActorRequest
from marketplace.catalog import pages
from marketplace.catalog.pages import AlgorithmPage
from marketplace.lib.errors import BadInput, NotFound


def page_at(request: ActorRequest, owner: str, name: str, version: str = "") -> AlgorithmPage:
    """The page, at the version of the path or of `?version=`; 404 to whoever may not know of it."""
    try:
        wanted = version or request.GET.get("version", "")
        return pages.algorithm_page(owner, name, wanted, by=request.actor)
    except (NotFound, BadInput) as error:
        raise Http404(error.message) from error
