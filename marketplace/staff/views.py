"""Pages of the site's staff, and the status page for everybody."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from marketplace.staff import health_samples, incidents


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """How every component is and has been, and what went wrong."""
    context = {
        "components": health_samples.components(),
        "days": health_samples.DAYS,
        "ongoing": incidents.ongoing(),
        "past": incidents.past(),
    }
    return render(request, "staff/status.html", context)
