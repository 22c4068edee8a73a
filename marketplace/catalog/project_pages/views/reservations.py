"""What is kept warm for one's own calls: seen, priced before it is reserved, ended."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from marketplace.accounts.forms import carried_out
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.pages import for_people
from marketplace.catalog.project_pages.reserving_form import ReservationForm
from marketplace.lib.errors import MarketplaceError
from projects import reserving
from projects.models import Reservation


@for_people
@require_http_methods(["GET", "HEAD", "POST"])
def reservations(request: ActorRequest) -> HttpResponse:
    """A GET with a filled-in form says what it would cost; the POST reserves."""
    sent = request.POST if request.method == "POST" else request.GET
    form = ReservationForm(sent if "algorithm" in sent else None, actor=request.actor)
    quote = None
    if form.is_valid():
        wanted, payer = form.wanted(), form.cleaned_data["owner"]
        quote = carried_out(form, lambda: reserving.quote(wanted, payer=payer, by=request.actor))
        if request.method == "POST" and quote is not None:
            made = carried_out(
                form, lambda: reserving.reserve(wanted, payer=payer, by=request.actor)
            )
            if made is not None:
                messages.success(
                    request, _("%(reserved)s is kept warm from now on.") % {"reserved": made}
                )
                return redirect("projects:reservations")
    rows = Reservation.objects.live().filter(owner__in=request.actor.owner_ids)
    context = {
        "form": form,
        "quote": quote if not form.errors else None,
        "rows": rows.select_related("owner", "algorithm__owner"),
        "most": settings.RESERVED_SLOTS_PER_ACCOUNT,
    }
    status = 400 if form.errors else 200
    return render(request, "projects/reservations.html", context, status=status)


@for_people
@require_POST
def end(request: ActorRequest, reservation_id: UUID) -> HttpResponse:
    try:
        found = reserving.found(reservation_id, by=request.actor)
        reserving.release(found, by=request.actor)
        messages.success(
            request, _("%(reserved)s is not kept warm any more.") % {"reserved": found}
        )
    except MarketplaceError as error:
        messages.error(request, error.message)
    return redirect("projects:reservations")
