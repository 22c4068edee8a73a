"""Being paid: where, when and how much."""

from __future__ import annotations

import csv
import io
import json

from django.conf import settings
from django.contrib import messages
from django.db.models import Sum
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing import connecting, payouts, statements
from billing import earnings as earned
from billing.forms import CountryForm
from billing.models import PayoutLine
from billing.pages import absolute, attempted, owner_of, section, viewed
from billing.permissions import may_get_paid, may_see_earnings
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.pages import for_people, sent
from marketplace.lib.errors import MarketplaceError, NotFound
from marketplace.lib.money import MICRO_PER_DOLLAR, format_dollars


@for_people
@require_http_methods(["GET", "POST"])
def get_paid(request: ActorRequest) -> HttpResponse:
    """How the author stands, and the way to Stripe's questions."""
    owner = owner_of(request)
    request.actor.require(may_get_paid, owner)
    form = CountryForm(sent(request))
    if form.is_valid():
        url = attempted(request, lambda: _begin(request, form.cleaned_data["country"]))
        return HttpResponseRedirect(
            url or absolute(request, "billing:get_paid", owner=owner), status=303
        )
    try:
        account = connecting.look(owner, by=request.actor)
    except MarketplaceError as error:
        account = None
        messages.error(request, error.message)
    context = section(request, owner, "get_paid") | {
        "form": form,
        "account": account,
        "outlook": payouts.outlook(owner.pk),
        "lines": PayoutLine.objects.filter(author=owner).select_related("run").order_by("-pk")[:24],
        "holding_days": settings.HOLDING_DAYS,
        "least": settings.PAYOUT_MINIMUM,
        "share": f"{settings.AUTHOR_SHARE_BPS / 100:g}",
    }
    return render(request, "billing/get_paid.html", context, status=400 if form.errors else 200)


@for_people
@require_GET
def earnings(request: ActorRequest) -> HttpResponse:
    """What came in by version, day and caller, and where it stands."""
    owner = viewed(request)
    found = earned.report(owner, by=request.actor)
    days = {
        "days": [day.name for day in found.days],
        "compute": [day.share / MICRO_PER_DOLLAR for day in found.days],
        "royalty": [day.house / MICRO_PER_DOLLAR for day in found.days],
    }
    context = section(request, owner, "earnings") | {
        "report": found,
        "series": json.dumps(days),
        "outlook": payouts.outlook(owner.pk),
        "share": f"{settings.AUTHOR_SHARE_BPS / 100:g}",
        "lines": PayoutLine.objects.filter(author=owner).select_related("run").order_by("-pk")[:6],
        "paid": PayoutLine.objects.filter(author=owner, state=PayoutLine.State.PAID).aggregate(
            total=Sum("amount")
        )["total"]
        or 0,
    }
    return render(request, "billing/earnings.html", context)


@for_people
@require_GET
def earnings_csv(request: ActorRequest) -> HttpResponse:
    """A year of it, by version, day and caller."""
    owner = viewed(request)
    found = earned.report(owner, by=request.actor, days=366)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["part", "what", "calls", "royalty", "share", "house", "currency"])
    for part, rows in (
        ("day", found.days), ("version", found.versions), ("caller", found.callers),
    ):  # fmt: skip
        for row in rows:
            amounts = [format_dollars(one) for one in (row.royalty, row.share, row.house)]
            writer.writerow([part, row.name, row.calls, *amounts, settings.CURRENCY])
    made = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    made["Content-Disposition"] = f'attachment; filename="earnings-{owner.name}.csv"'
    return made


@for_people
@require_GET
def again(request: ActorRequest) -> HttpResponse:
    """A link to Stripe's questions has grown old: make another one."""
    owner = owner_of(request)
    account = connecting.look(owner, by=request.actor)
    country = account.country if account is not None else settings.PAYOUT_COUNTRIES[0]
    url = attempted(request, lambda: _begin(request, country))
    return redirect(url or absolute(request, "billing:get_paid", owner=owner))


@for_people
@require_POST
def dashboard(request: ActorRequest) -> HttpResponse:
    owner = owner_of(request)
    url = attempted(request, lambda: connecting.dashboard(owner, by=request.actor))
    return HttpResponseRedirect(
        url or absolute(request, "billing:get_paid", owner=owner), status=303
    )


@for_people
@require_POST
def cash_out(request: ActorRequest) -> HttpResponse:
    owner = owner_of(request)
    try:
        line = payouts.cash_out(owner, by=request.actor)
    except MarketplaceError as error:
        messages.error(request, error.message)
        return redirect(absolute(request, "billing:get_paid", owner=owner))
    return redirect("billing:payout", line.pk)


@for_people
@require_GET
def payout(request: ActorRequest, line_id: int) -> HttpResponse:
    """The statement of one payout: where each amount of it comes from."""
    line = get_object_or_404(PayoutLine.objects.select_related("run", "author"), pk=line_id)
    if not may_see_earnings(request.actor, line.author):
        raise NotFound(_("There is no such payout."))
    statement = statements.of_payout(line, by=request.actor)
    return render(request, "billing/payout.html", {"line": line, "statement": statement})


def _begin(request: ActorRequest, country: str) -> str:
    owner = owner_of(request)
    return connecting.begin(
        owner,
        by=request.actor,
        country=country,
        back=absolute(request, "billing:get_paid", owner=owner),
        again=absolute(request, "billing:get_paid_again", owner=owner),
    )
