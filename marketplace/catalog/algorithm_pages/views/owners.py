"""What an algorithm's people see besides: its source at a version, its errors and its usage."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from algorithms import insights as kept_insights
from algorithms.permissions import may_edit, may_view_source
from marketplace.accounts.middleware import ActorRequest
from marketplace.catalog.algorithm_pages import browsing, measures
from marketplace.catalog.algorithm_pages.finding import page_at
from marketplace.lib.errors import MarketplaceError, NotFound

PER_PAGE = 50


@require_safe
def source(request: ActorRequest, owner: str, name: str) -> HttpResponse:
    """The files of the version, to read."""
    page = page_at(request, owner, name)
    request.actor.require(may_view_source, page.algorithm)
    context: dict[str, object] = {"page": page, "tab": "source"}
    try:
        if page.version is not None:
            context["files"] = browsing.files(page.version)
            context["file"] = browsing.file(page.version, request.GET.get("file", ""))
    except NotFound as error:
        raise Http404(error.message) from error
    except MarketplaceError as error:
        context["problem"] = error.message
    return render(request, "catalog/source.html", context)


@require_safe
def errors(request: ActorRequest, owner: str, name: str) -> HttpResponse:
    page = page_at(request, owner, name)
    request.actor.require(may_edit, page.algorithm)
    kind = request.GET.get("type", "")
    rows = Paginator(measures.failures(page.algorithm, kind), PER_PAGE)
    context = {
        "page": page,
        "tab": "errors",
        "kind": kind,
        "address": urlencode({"type": kind}) if kind else "",
        "kinds": measures.failure_kinds(page.algorithm),
        "calls": rows.get_page(request.GET.get("page")),
    }
    return render(request, "catalog/errors.html", context)


@require_safe
def insights(request: ActorRequest, owner: str, name: str) -> HttpResponse:
    """What the code has reported about calls, newest first."""
    page = page_at(request, owner, name)
    rows = Paginator(kept_insights.of(page.algorithm, by=request.actor), PER_PAGE)
    shown = rows.get_page(request.GET.get("page"))
    context = {"page": page, "tab": "insights", "rows": shown, "days": kept_insights.KEPT_FOR.days}
    return render(request, "catalog/insights.html", context)


@require_safe
def insights_csv(request: ActorRequest, owner: str, name: str) -> HttpResponseBase:
    algorithm = page_at(request, owner, name).algorithm
    answer = StreamingHttpResponse(
        kept_insights.as_csv(algorithm, by=request.actor), content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="insights-{algorithm.name}.csv"'
    answer["Cache-Control"] = "no-store, private"
    return answer


@require_safe
def usage(request: ActorRequest, owner: str, name: str) -> HttpResponse:
    page = page_at(request, owner, name)
    request.actor.require(may_edit, page.algorithm)
    days = measures.days(page.algorithm)
    series = {
        "days": [f"{one.day:%Y-%m-%d}" for one in days],
        "succeeded": [one.calls - one.failed for one in days],
        "failed": [one.failed for one in days],
        "callers": [one.callers for one in days],
        "seconds": [round(one.seconds, 4) for one in days],
    }
    context = {
        "page": page,
        "tab": "usage",
        "days": list(reversed(days)),
        "calls": sum(one.calls for one in days),
        "failed": sum(one.failed for one in days),
        "tries": sum(one.tries for one in days),
        "series": json.dumps(series),
        "operations": measures.operations(page.algorithm) if page.operations else [],
    }
    return render(request, "catalog/usage.html", context)
