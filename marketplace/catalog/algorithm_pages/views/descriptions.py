"""A version for programs: its OpenAPI document; and the form in which its author words the schema."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from algorithms import describing
from algorithms.permissions import may_edit
from algorithms.schemas import of_version, openapi
from marketplace.accounts.middleware import ActorRequest
from marketplace.catalog import addresses
from marketplace.catalog.algorithm_pages.finding import page_at
from marketplace.lib.errors import MarketplaceError, NotFound


@require_safe
def document(request: ActorRequest, owner: str, name: str, version: str) -> HttpResponse:
    """OpenAPI 3.1 of one version."""
    page = page_at(request, owner, name, version)
    if page.version is None:
        raise NotFound(_("No version is published yet, so there is nothing to describe."))
    answer = JsonResponse(openapi.document(page.version, site=addresses.site_url(request)))
    answer["Access-Control-Allow-Origin"] = "*"
    if not page.version.is_public:
        answer["Cache-Control"] = "no-store, private"
    return answer


@require_http_methods(["GET", "POST"])
def schema(request: ActorRequest, owner: str, name: str, version: str) -> HttpResponse:
    """Word what a version takes and answers."""
    page = page_at(request, owner, name, version)
    request.actor.require(may_edit, page.algorithm)
    if page.version is None:
        raise NotFound(_("No version is published yet, so there is nothing to describe."))
    known = of_version(page.version)
    context = {"page": page, "tab": "versions", "known": known}
    context |= {"input_schema": known.input_text, "output_schema": known.output_text}
    if request.method == "GET":
        return render(request, "catalog/schema.html", context)
    texts = {field: request.POST.get(field, "") for field in ("input_schema", "output_schema")}
    try:
        describing.describe(page.version, *texts.values(), by=request.actor)
    except MarketplaceError as error:
        context |= {**texts, "problem": error.message}
        return render(request, "catalog/schema.html", context, status=error.status)
    messages.success(request, _("The description of %(version)s is saved.") % {"version": version})
    place = reverse("catalog:algorithm_api", args=[owner, name])
    return redirect(f"{place}?version={page.version.number}")
