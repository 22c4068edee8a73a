"""The algorithm and version that an address names, for pages."""

from __future__ import annotations

from dataclasses import replace

from django.http import Http404

from marketplace.accounts.middleware import ActorRequest
from marketplace.catalog import pages
from marketplace.catalog.pages import AlgorithmPage
from marketplace.lib.errors import BadInput, NotFound


def page_at(request: ActorRequest, owner: str, name: str, version: str = "") -> AlgorithmPage:
    """The page, at the version of the path or of `?version=`; 404 to whoever may not know of it."""
    try:
        wanted = version or request.GET.get("version", "")
        page = pages.algorithm_page(owner, name, wanted, by=request.actor)
    except (NotFound, BadInput) as error:
        raise Http404(error.message) from error
    operation = request.GET.get("operation", "")
    names = [one["name"] for one in page.operations]
    if operation and operation not in names:
        raise Http404
    return replace(page, operation="" if operation in names[:1] else operation)
