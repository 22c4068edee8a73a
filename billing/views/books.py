"""Whether the books agree, for staff."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from billing import reconciling
from billing.models import Finding
from billing.permissions import may_move_money
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.pages import for_people


@for_people
@require_GET
def books(request: ActorRequest) -> HttpResponse:
    request.actor.require(may_move_money, "the books")
    last = reconciling.last()
    context = {
        "last": last,
        "balanced_at": reconciling.balanced_at(),
        "findings": Finding.objects.filter(settled_at__isnull=True).order_by("-found_at")[:200],
    }
    return render(request, "billing/books.html", context)


@for_people
@require_POST
def compare(request: ActorRequest) -> HttpResponse:
    made = reconciling.run(by=request.actor)
    if made.is_balanced:
        messages.success(request, _("The books agree."))
    else:
        text = _("The books do not agree in %(count)s places.")
        messages.error(request, text % {"count": made.findings.count()})
    return redirect("billing:books")


@for_people
@require_POST
def settle(request: ActorRequest, finding_id: int) -> HttpResponse:
    finding = get_object_or_404(Finding, pk=finding_id)
    reconciling.settle(finding, by=request.actor, how=request.POST.get("how", ""))
    return redirect("billing:books")
