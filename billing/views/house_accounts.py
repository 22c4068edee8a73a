"""One account's money, for staff: what it has and earns, freezes, paying later, refunds."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from billing import freezing, payouts, postpaid, standing
from billing.forms import CreditLimitForm, first_fault, in_dollars
from billing.gateway import gateway
from billing.models import Limit, PayoutLine, PostPaid, StripeCustomer, StripeInvoice, TopUp
from billing.pages import account_named
from billing.permissions import may_move_money
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.pages import for_people
from marketplace.lib.errors import MarketplaceError, NotFound


@for_people
@require_GET
def find(request: ActorRequest) -> HttpResponse:
    """To the page of the account that was typed in."""
    request.actor.require(may_move_money, "accounts")
    try:
        return redirect("billing:staff_account", account_named(request.GET.get("account", "")).name)
    except NotFound as error:
        messages.error(request, error.message)
        return redirect("billing:staff_money")


@for_people
@require_GET
def account(request: ActorRequest, name: str) -> HttpResponse:
    request.actor.require(may_move_money, name)
    owner = account_named(name)
    later = PostPaid.objects.filter(owner=owner).first()
    limit = later.credit_limit if later is not None and later.state != PostPaid.State.ENDED else 0
    context = {
        "owner": owner,
        "standing": standing.of(owner, by=request.actor),
        "wallet": Limit.objects.filter(kind=Limit.Kind.WALLET, owner=owner).first(),
        "outlook": payouts.outlook(owner.pk),
        "payouts": PayoutLine.objects.filter(author=owner)
        .select_related("run")
        .order_by("-pk")[:10],
        "later": later,
        "customer": StripeCustomer.objects.filter(owner=owner).first(),
        "limit_form": CreditLimitForm(initial={"amount": in_dollars(limit) if limit else ""}),
        "invoices": StripeInvoice.objects.filter(owner=owner).order_by("-created_at")[:12],
        "topups": TopUp.objects.filter(owner=owner, state=TopUp.State.PAID)
        .select_related("lot")
        .order_by("-paid_at")[:20],
        "is_there": gateway().is_there,
    }
    return render(request, "billing/staff_account.html", context)


@for_people
@require_POST
def freeze(request: ActorRequest, name: str) -> HttpResponse:
    """Freeze or thaw what an account may spend, or what its author is paid."""
    owner, why = account_named(name), request.POST.get("why", "")
    is_payouts, is_end = "payouts" in request.POST, bool(request.POST.get("thaw"))
    try:
        if is_payouts and is_end:
            freezing.thaw_payouts(owner, by=request.actor)
            messages.success(request, _("%(owner)s is paid again.") % {"owner": owner})
        elif is_payouts:
            freezing.freeze_payouts(owner, why, by=request.actor)
            messages.success(request, _("%(owner)s is paid nothing now.") % {"owner": owner})
        elif is_end:
            freezing.thaw(owner, by=request.actor)
            messages.success(request, _("%(owner)s can spend again.") % {"owner": owner})
        else:
            freezing.freeze(owner, why, by=request.actor)
            messages.success(request, _("%(owner)s can spend nothing now.") % {"owner": owner})
    except MarketplaceError as error:
        messages.error(request, error.message)
    return redirect("billing:staff_account", owner.name)


@for_people
@require_POST
def pay_later(request: ActorRequest, name: str) -> HttpResponse:
    """Let an account pay at the end of the month, up to a limit; or end that."""
    owner = account_named(name)
    try:
        if request.POST.get("end"):
            postpaid.end(owner, by=request.actor)
            messages.success(request, _("%(owner)s pays in advance again.") % {"owner": owner})
        else:
            form = CreditLimitForm(request.POST)
            if form.is_valid():
                postpaid.allow(owner, form.cleaned_data["amount"], by=request.actor)
                messages.success(request, _("%(owner)s may pay later.") % {"owner": owner})
            else:
                messages.error(request, first_fault(form))
    except MarketplaceError as error:
        messages.error(request, error.message)
    return redirect("billing:staff_account", owner.name)
