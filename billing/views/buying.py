"""Buying credit: choose an amount, pay at Stripe, come back."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing import customers, grants, recharging, topups
from billing.forms import RechargeForm, TopUpForm, in_dollars, offered, recharge_defaults
from billing.models import AutoRecharge, StripeCustomer, TopUp
from billing.pages import absolute, attempted, owner_of, section
from billing.permissions import may_buy_credit
from marketplace.accounts.forms import carried_out
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.models import Owner
from marketplace.accounts.pages import for_people, sent


@for_people
@require_http_methods(["GET", "POST"])
def top_up(request: ActorRequest) -> HttpResponse:
    """Choose how much credit to buy; then Stripe's page takes the card."""
    owner = owner_of(request)
    request.actor.require(may_buy_credit, owner)
    form = TopUpForm(sent(request), initial={"amount": f"{offered()[0]:.2f}"})
    if form.is_valid():
        # Stripe puts the session's id where the braces stand.
        back = absolute(request, "billing:arrived") + "?session={CHECKOUT_SESSION_ID}"
        cancel = absolute(request, "billing:top_up", owner=owner)
        amount = form.cleaned_data["amount"]
        session = carried_out(
            form,
            lambda: topups.start(owner, amount, by=request.actor, back=back, cancel=cancel),
        )
        if session is not None:
            return HttpResponseRedirect(session.url, status=303)
    return _page(request, owner, form, _recharge_form(owner))


@for_people
@require_GET
def arrived(request: ActorRequest) -> HttpResponse:
    """Say what came of it; whoever is faster, this page or Stripe's word, credits it."""
    topup = topups.arrived(request.GET.get("session", ""), by=request.actor)
    context = {
        "topup": topup,
        "balance": recharging.balance(topup.owner_id),
        "is_waiting": topup.state == TopUp.State.WAITING,
        "is_paid": topup.state == TopUp.State.PAID,
    }
    return render(request, "billing/arrived.html", context)


@for_people
@require_POST
def auto_recharge(request: ActorRequest) -> HttpResponse:
    owner = owner_of(request)
    form = RechargeForm(request.POST)
    if form.is_valid():
        is_on, order = form.cleaned_data["is_on"], form.order()
        kept = carried_out(
            form, lambda: recharging.configure(owner, order, by=request.actor, is_on=is_on)
        )
        if kept is not None:
            said = _("Auto-recharge is on.") if is_on else _("Auto-recharge is off.")
            messages.success(request, said)
            return redirect(absolute(request, "billing:top_up", owner=owner))
    return _page(request, owner, TopUpForm(), form)


@for_people
@require_POST
def leave_card(request: ActorRequest) -> HttpResponse:
    """Go to Stripe's page for leaving a card."""
    owner = owner_of(request)
    here = absolute(request, "billing:top_up", owner=owner)
    back = absolute(request, "billing:card_left", owner=owner) + "&session={CHECKOUT_SESSION_ID}"
    url = attempted(
        request,
        lambda: (
            customers.open_card_page(
                owner, by=request.actor, back=back, cancel=here, key=f"card:{uuid.uuid4()}"
            ).url
        ),
    )
    return HttpResponseRedirect(url or here, status=303)


@for_people
@require_GET
def card_left(request: ActorRequest) -> HttpResponse:
    """Back from there: the card is known at once."""
    owner = owner_of(request)
    request.actor.require(may_buy_credit, owner)
    topups.fulfil(request.GET.get("session", ""))
    return redirect(absolute(request, "billing:top_up", owner=owner))


@for_people
@require_POST
def portal(request: ActorRequest) -> HttpResponse:
    """Go to Stripe's page with invoices and cards."""
    owner = owner_of(request)
    here = absolute(request, "billing:top_up", owner=owner)
    url = attempted(request, lambda: customers.open_portal(owner, by=request.actor, back=here))
    return HttpResponseRedirect(url or here, status=303)


def _recharge_form(owner: Owner) -> RechargeForm:
    order = AutoRecharge.objects.filter(owner=owner).first()
    if order is None:
        return RechargeForm(initial=recharge_defaults())
    names = ("threshold", "amount", "monthly_cap")
    present = {name: in_dollars(getattr(order, name)) for name in names}
    return RechargeForm(initial={**present, "is_on": order.is_on})


def _page(
    request: ActorRequest, owner: Owner, form: TopUpForm, recharge_form: RechargeForm
) -> HttpResponse:
    wallet = grants.wallet_of(owner.pk)
    context = section(request, owner, "top_up") | {
        "form": form,
        "recharge_form": recharge_form,
        "order": AutoRecharge.objects.filter(owner=owner).first(),
        "amounts": offered(),
        "least": settings.TOP_UP_MINIMUM,
        "days": settings.CREDIT_DAYS,
        "is_taxed": settings.STRIPE_TAX,
        "balance": recharging.balance(owner.pk),
        "frozen_because": wallet.frozen_because if wallet is not None else "",
        "customer": StripeCustomer.objects.filter(owner=owner).first(),
        "topups": TopUp.objects.filter(owner=owner).order_by("-created_at")[:20],
    }
    status = 400 if form.errors or recharge_form.errors else 200
    return render(request, "billing/top_up.html", context, status=status)
