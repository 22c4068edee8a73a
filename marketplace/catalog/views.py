"""What the site says to all who call: its documentation."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from algorithms.models import Version
from marketplace.catalog import addresses, snippets


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
