"""The house's money, for staff: do the books agree, who has what, and what is to be decided."""

from __future__ import annotations

import uuid
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from billing import budgets, grants, ledger, objections, reconciling, refunding
from billing.forms import GrantForm, first_fault
from billing.gateway import gateway
from billing.models import Finding, Limit, Objection, PostPaid, ReconciliationRun, TopUp
from billing.pages import account_named
from billing.permissions import may_move_money
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.pages import for_people
from marketplace.lib.errors import MarketplaceError

_HOUSE = (
    "stripe_cash", "bank_cash", "compute_revenue", "platform_fee", "stripe_fees", "promo_expense",
    "bad_debt", "breakage", "tax_payable", "disputes", "rounding",
)  # fmt: skip


@for_people
@require_GET
def money(request: ActorRequest) -> HttpResponse:
    """One page: the books, the stop, frozen accounts, what can be refunded."""
    request.actor.require(may_move_money, "the money")
    bought = TopUp.objects.filter(state=TopUp.State.PAID).select_related("owner", "lot")
    context = {
        "balanced_at": reconciling.balanced_at(),
        "last": reconciling.last(),
        "runs": ReconciliationRun.objects.order_by("-started_at")[:10],
        "findings": Finding.objects.filter(settled_at__isnull=True).order_by("-found_at")[:200],
        "house": [(ledger.Kind(kind).label, ledger.balance(kind)) for kind in _HOUSE],
        "stop": budgets.present_stop(),
        "frozen": _frozen(),
        "waiting": Objection.objects.waiting().count(),
        "later": PostPaid.objects.exclude(state=PostPaid.State.ENDED).select_related("owner")[:200],
        "topups": bought.order_by("-paid_at")[:20],
        "grant_form": GrantForm(initial={"key": uuid.uuid4().hex}),
        "is_there": gateway().is_there,
    }
    return render(request, "billing/staff_money.html", context)


@for_people
@require_POST
def compare(request: ActorRequest) -> HttpResponse:
    """Compare the books with Stripe's now."""
    made = reconciling.run(by=request.actor)
    if made.is_balanced:
        messages.success(request, _("The books agree."))
    else:
        text = _("The books do not agree in %(count)s places.")
        messages.error(request, text % {"count": made.findings.count()})
    return redirect("billing:staff_money")


@for_people
@require_POST
def settle(request: ActorRequest, finding_id: int) -> HttpResponse:
    """Say how something that did not agree was dealt with."""
    finding = get_object_or_404(Finding, pk=finding_id)
    reconciling.settle(finding, by=request.actor, how=request.POST.get("how", ""))
    return redirect("billing:staff_money")


@for_people
@require_GET
def objection_list(request: ActorRequest) -> HttpResponse:
    """What payers say is wrong, oldest first; what was decided below."""
    request.actor.require(may_move_money, "objections")
    rows = Objection.objects.select_related("usage", "payer", "user", "decided_by")
    context = {
        "waiting": rows.waiting().order_by("created_at")[:200],
        "decided": rows.exclude(state=Objection.State.WAITING).order_by("-decided_at")[:50],
    }
    return render(request, "billing/staff_objections.html", context)


@for_people
@require_POST
def decide(request: ActorRequest, objection_id: UUID) -> HttpResponse:
    objection = get_object_or_404(Objection, pk=objection_id)
    answer = request.POST.get("answer", "")
    try:
        if request.POST.get("decision") == "accept":
            objections.accept(objection, by=request.actor, answer=answer)
            messages.success(request, _("The charge was given back."))
        else:
            objections.refuse(objection, by=request.actor, answer=answer)
            messages.success(request, _("The charge stays, and the payer was told why."))
    except MarketplaceError as error:
        messages.error(request, error.message)
    return redirect("billing:staff_objections")


@for_people
@require_POST
def give(request: ActorRequest) -> HttpResponse:
    """Credit by hand; the key in the form lets it be sent twice and given once."""
    form = GrantForm(request.POST)
    if not form.is_valid():
        return _refused(request, first_fault(form))
    given = form.cleaned_data
    try:
        lot = grants.grant(
            account_named(given["owner"]),
            given["amount"],
            by=request.actor,
            idem_key=given["key"],
            is_promo=not given["is_paid"],
            note=given["note"],
        )
    except MarketplaceError as error:
        return _refused(request, error.message)
    messages.success(request, _("%(owner)s has the credit.") % {"owner": lot.owner})
    return redirect("billing:staff_money")


@for_people
@require_POST
def refund(request: ActorRequest, topup_id: UUID) -> HttpResponse:
    """All that is unspent of a top-up goes back to its card."""
    topup = get_object_or_404(TopUp, pk=topup_id)
    try:
        made = refunding.refund(topup, by=request.actor, reason=request.POST.get("reason", ""))
        messages.success(request, made.get_state_display())
    except MarketplaceError as error:
        messages.error(request, error.message)
    return redirect("billing:staff_money")


@for_people
@require_POST
def stop(request: ActorRequest) -> HttpResponse:
    """Pull the brake on all spending, or release it."""
    try:
        if request.POST.get("lift"):
            budgets.lift_stop(by=request.actor)
            messages.success(request, _("Paid calls run again."))
        else:
            budgets.stop_everything(by=request.actor, reason=request.POST.get("reason", ""))
            messages.warning(request, _("No paid call runs any more."))
    except MarketplaceError as error:
        messages.error(request, error.message)
    return redirect("billing:staff_money")


def _frozen() -> list[Limit]:
    """Accounts that may not spend, or are not paid."""
    rows = Limit.objects.filter(kind=Limit.Kind.WALLET).exclude(
        frozen_because="", payouts_frozen_because=""
    )
    return list(rows.select_related("owner").order_by("owner__name")[:200])


def _refused(request: ActorRequest, sentence: str) -> HttpResponse:
    messages.error(request, sentence)
    return redirect("billing:staff_money")
