"""Being paid: where, when and how much."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing import connecting, payouts, statements
from billing.forms import CountryForm
from billing.gateway import gateway
from billing.models import PayoutLine
from billing.pages import absolute, attempted, choices_of, owner_of
from billing.permissions import may_get_paid, may_see_earnings
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.pages import for_people, sent
from marketplace.lib.errors import MarketplaceError, NotFound


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
    context = {
        "owner": owner,
        "owners": choices_of(request),
        "form": form,
        "account": account,
        "outlook": payouts.outlook(owner.pk),
        "lines": PayoutLine.objects.filter(author=owner).select_related("run").order_by("-pk")[:24],
        "holding_days": settings.HOLDING_DAYS,
        "least": settings.PAYOUT_MINIMUM,
        "share": f"{settings.AUTHOR_SHARE_BPS / 100:g}",
        "is_there": gateway().is_there,
        "is_test": not gateway().is_live,
    }
    return render(request, "billing/get_paid.html", context, status=400 if form.errors else 200)


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
        raise NotFound("There is no such payout.")
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
