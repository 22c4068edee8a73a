"""What everybody sees of an algorithm: its console, docs, code, versions and price."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from algorithms import live_calls, runs, visitors
from algorithms.schemas import of_version
from billing.pricing import Price
from marketplace.accounts import new_keys
from marketplace.accounts.middleware import ActorRequest
from marketplace.catalog import addresses, readme, snippets, trying
from marketplace.catalog.algorithm_pages import cost, histories, scores
from marketplace.catalog.algorithm_pages.finding import page_at
from marketplace.catalog.pages import AlgorithmPage, indented
from marketplace.lib.errors import NotFound
from marketplace.lib.money import in_dollars


@require_http_methods(["GET", "HEAD", "POST"])
def algorithm(request: ActorRequest, owner: str, name: str) -> HttpResponse:
    """The console. A POST is a browser without JavaScript pressing Run."""
    page = page_at(request, owner, name)
    given = _given(request, page)
    context: dict[str, object] = {"page": page, "tab": "run", "input": given}
    if request.method == "POST" and page.version is not None:
        given = request.POST.get("input", "")
        address = request.META.get("REMOTE_ADDR", "")
        tried = trying.run(page.path, given, by=request.actor, address=address)
        context |= {"input": given, "tried": tried}
    return render(request, "catalog/algorithm.html", context | _calling(request, page, given))


@require_safe
def docs(request: ActorRequest, owner: str, name: str) -> HttpResponse:
    page = page_at(request, owner, name)
    context = {"page": page, "tab": "docs", "readme": readme.render(page.algorithm.readme)}
    return render(request, "catalog/algorithm_docs.html", context)


@require_safe
def api(request: ActorRequest, owner: str, name: str) -> HttpResponse:
    page = page_at(request, owner, name)
    context = {"page": page, "tab": "api", "key": snippets.KEY, "input": page.sample_input}
    if page.version is not None:
        context["known"] = of_version(page.version)
    return render(
        request, "catalog/algorithm_api.html", context | _calling(request, page, page.sample_input)
    )


@require_safe
def versions(request: ActorRequest, owner: str, name: str) -> HttpResponse:
    page = page_at(request, owner, name)
    context = {
        "page": page,
        "tab": "versions",
        "steps": histories.steps(page.versions),
        "scores": scores.charted(page.versions),
    }
    return render(request, "catalog/versions.html", context)


@require_safe
def price(request: ActorRequest, owner: str, name: str) -> HttpResponse:
    page = page_at(request, owner, name)
    context: dict[str, object] = {"page": page, "tab": "cost"}
    if page.version is not None:
        context |= _priced(request, page)
    return render(request, "catalog/cost.html", context)


def _given(request: ActorRequest, page: AlgorithmPage) -> str:
    """What stands in the console at first: the sample, or the input of a kept run."""
    wanted = request.GET.get("run", "")
    if wanted:
        try:
            run = runs.find(runs.id_in(wanted), by=request.actor)
        except NotFound:
            return page.sample_input
        if run.algorithm_id == page.algorithm.pk:
            return indented(run.input)
    return page.sample_input


def _calling(request: ActorRequest, page: AlgorithmPage, given: str) -> dict[str, object]:
    """What console and snippets need: schema, key, the name to watch runs under, runs left."""
    if page.version is None:
        return {}
    actor = request.actor
    address = request.META.get("REMOTE_ADDR", "")
    return {
        "snippets": snippets.of(page.path, given, addresses.site_url(request)),
        "new_key": new_keys.take(request),
        "watch": live_calls.ticket(actor.user_id),
        "runs_left": visitors.left(address) if actor.is_anonymous else None,
        "runs_a_day": settings.VISITOR_CALLS_PER_DAY,
    }


def _priced(request: ActorRequest, page: AlgorithmPage) -> dict[str, object]:
    if page.version is None:
        return {}
    seen = cost.observed(page.version)
    rates = cost.price_of(page.version)
    number = cost.calls_in(request.GET.get("calls", ""))
    seconds = [seen.p50, seen.p95] if seen is not None else []
    return {
        "observed": seen,
        "rates": rates,
        "number": number,
        "royalty_each": cost.shown(in_dollars(rates.royalty)),
        "compute_each": cost.shown(cost.per_second(rates)),
        "quotes": [_quoted(rates, number, pace) for pace in seconds],
        "table": [[_quoted(rates, amount, pace) for pace in seconds] for amount in cost.AMOUNTS],
        "minimum_ms": rates.minimum_ms,
        "failing_minutes": settings.FREE_FAILING_SECONDS / 60,
    }


def _quoted(rates: Price, calls: int, seconds: float) -> dict[str, object]:
    quote = cost.quote(rates, calls, seconds)
    return {
        "calls": f"{calls:,}",
        "seconds": seconds,
        "royalty": cost.shown(quote.royalty),
        "compute": cost.shown(quote.compute),
        "total": cost.shown(quote.total),
    }
