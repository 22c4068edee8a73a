"""What buyers see: home, explore, an owner, an algorithm."""

from __future__ import annotations

from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from algorithms.models import Algorithm, Version
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.models import Owner
from marketplace.catalog import addresses, pages, readme, search, snippets, trying
from marketplace.catalog.pages import AlgorithmPage
from marketplace.catalog.search import ORDER_LABELS, Query
from marketplace.lib.errors import BadInput, NotFound

PER_PAGE = 20
EXAMPLES = 3


@require_safe
def home(request: ActorRequest) -> HttpResponse:
    """Say what this is, and let the visitor run something at once."""
    found = search.find(Query(is_free=True), by=request.actor)
    cards = pages.cards(found[: EXAMPLES * 8], by=request.actor)
    examples = [card for card in cards if card.version and card.version.sample_input][:EXAMPLES]
    counted = Algorithm.objects.filter(is_public=True).count()
    context = {"examples": examples, "algorithms_public": counted}
    return render(request, "catalog/home.html", context)


@require_safe
def explore(request: ActorRequest) -> HttpResponse:
    query = Query.parse(request.GET.dict())
    found = search.find(query, by=request.actor)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "query": query,
        "page": page,
        "cards": pages.cards(page.object_list, by=request.actor),
        "languages": search.languages(by=request.actor),
        "orders": ORDER_LABELS,
        "address": urlencode(query.parameters()),
        "relaxed": [] if found else _relaxed(query, request),
    }
    return render(request, "catalog/explore.html", context)


@require_safe
def owner(request: ActorRequest, owner: str) -> HttpResponse:
    person = Owner.objects.select_related("user", "organization").named(owner).first()
    if person is None or person.is_suspended:
        raise Http404(f"Nobody here is called {owner}.")
    rows = Algorithm.objects.visible_to(request.actor).filter(owner=person)
    found = rows.order_by("-is_public", "-updated_at").values_list("pk", flat=True)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    cards = pages.cards(page.object_list, by=request.actor)
    context = {"person": person, "page": page, "cards": cards, "address": ""}
    return render(request, "catalog/owner.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def algorithm(request: ActorRequest, owner: str, name: str) -> HttpResponse:
    """The console. A POST is a browser without JavaScript pressing Run."""
    page = _page(request, owner, name)
    made = snippets.of(page.path, page.sample_input, addresses.site_url(request))
    context: dict[str, object] = {"page": page, "tab": "run", "snippets": made}
    context["input"] = page.sample_input
    if request.method == "POST" and page.version is not None:
        given = request.POST.get("input", "")
        address = request.META.get("REMOTE_ADDR", "")
        tried = trying.run(page.path, given, by=request.actor, address=address)
        context |= {"input": given, "tried": tried}
    return render(request, "catalog/algorithm.html", context)


@require_safe
def algorithm_docs(request: ActorRequest, owner: str, name: str) -> HttpResponse:
    page = _page(request, owner, name)
    context = {"page": page, "tab": "docs", "readme": readme.render(page.algorithm.readme)}
    return render(request, "catalog/algorithm_docs.html", context)


@require_safe
def algorithm_api(request: ActorRequest, owner: str, name: str) -> HttpResponse:
    page = _page(request, owner, name)
    made = snippets.of(page.path, page.sample_input, addresses.site_url(request))
    context = {"page": page, "tab": "api", "snippets": made, "key": snippets.KEY}
    return render(request, "catalog/algorithm_api.html", context)


@require_safe
def versions(request: ActorRequest, owner: str, name: str) -> HttpResponse:
    context = {"page": _page(request, owner, name), "tab": "versions"}
    return render(request, "catalog/versions.html", context)


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    example = (
        Version.objects.public()
        .filter(algorithm__is_public=True, algorithm__owner__is_suspended=False)
        .exclude(sample_input="")
        .select_related("algorithm__owner")
        .order_by("created_at")
        .first()
    )
    made = (
        snippets.of(str(example), example.sample_input, addresses.site_url(request))
        if example
        else []
    )
    return render(request, "catalog/docs.html", {"example": example, "snippets": made})


def _page(request: ActorRequest, owner: str, name: str) -> AlgorithmPage:
    try:
        wanted = request.GET.get("version", "")
        return pages.algorithm_page(owner, name, wanted, by=request.actor)
    except (NotFound, BadInput) as error:
        raise Http404(error.message) from error


def _relaxed(query: Query, request: ActorRequest) -> list[tuple[str, str, int]]:
    """For each filter: its name, the address without it, and what would be found then."""
    offers = [
        (label, urlencode(other.parameters()), len(search.find(other, by=request.actor)))
        for label, other in query.relaxed()
    ]
    return [offer for offer in offers if offer[2]]
