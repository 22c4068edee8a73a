"""What an account has and uses: at a glance, by day and algorithm, receipt by receipt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, Sum
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from billing import objections, receipt_keys, receipt_verifying, receipts, standing, usage_reports
from billing.models import Objection, Receipt, Refund, StripeInvoice, TopUp
from billing.pages import section, viewed
from billing.permissions import may_object, may_see_bills
from billing.usage_reports import GROUPS, Asked, Report
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.models import APIKey
from marketplace.accounts.pages import for_people
from marketplace.lib.errors import MarketplaceError

_ON_A_PAGE: Final = 50
_WORDS: Final = {
    "day": gettext_lazy("Day"),
    "algorithm": gettext_lazy("Algorithm"),
    "version": gettext_lazy("Version"),
    "operation": gettext_lazy("Operation"),
    "key": gettext_lazy("Key"),
    "tag": gettext_lazy("Tag"),
}


@for_people
@require_GET
def overview(request: ActorRequest) -> HttpResponse:
    owner = viewed(request)
    found = standing.of(owner, by=request.actor)
    context = section(request, owner, "overview") | {"standing": found}
    return render(request, "billing/overview.html", context)


@for_people
@require_GET
def usage(request: ActorRequest) -> HttpResponse:
    """A chart and a table; what is asked for stands in the address."""
    owner, given = viewed(request), request.GET
    try:
        asked = _asked(request)
        found = usage_reports.report(owner, by=request.actor, asked=asked)
        by_day = found
        if asked.group_by != "day":
            by_day = usage_reports.report(owner, by=request.actor, asked=_asked(request, "day"))
    except MarketplaceError as error:
        request.actor.require(may_see_bills, owner)
        messages.error(request, error.message)
        return redirect(f"{reverse('billing:usage')}{section(request, owner, 'usage')['whose']}")
    kept = {name: given[name] for name in given if name != "format"}
    context = section(request, owner, "usage") | {
        "report": found,
        "asked": asked,
        "groups": [(name, words, urlencode(kept | {"group_by": name})) for name, words in _WORDS.items()],
        "heading": _WORDS[asked.group_by],
        "series": _series(by_day),
        "keys": APIKey.objects.filter(owner=owner).order_by("label"),
        "csv": urlencode({**kept, "owner": owner.name, "format": "csv"}),
    }  # fmt: skip
    return render(request, "billing/usage.html", context)


@for_people
@require_GET
def receipt_list(request: ActorRequest) -> HttpResponse:
    owner = viewed(request)
    request.actor.require(may_see_bills, owner)
    rows = Receipt.objects.filter(payer=owner).order_by("-number")
    page = Paginator(rows, _ON_A_PAGE).get_page(request.GET.get("page"))
    shown = [(row, receipts.contents(row)) for row in page]
    context = section(request, owner, "receipts") | {
        "page": page,
        "rows": shown,
        "key": receipt_keys.current(),
        "download": urlencode({"owner": owner.name, "limit": 1000}),
    }
    return render(request, "billing/receipts.html", context)


@for_people
@require_GET
def receipt(request: ActorRequest, receipt_id: UUID) -> HttpResponse:
    found = receipts.find(receipt_id, by=request.actor)
    context = section(request, found.payer, "receipts") | {
        "receipt": found,
        "said": receipts.contents(found),
        "objection": Objection.objects.filter(usage=found.call_id).first(),
        "may_object": found.kind == Receipt.Kind.CALL
        and found.total > 0
        and may_object(request.actor, found.payer),
    }
    return render(request, "billing/receipt.html", context)


@for_people
@require_GET
def receipt_file(request: ActorRequest, receipt_id: UUID) -> HttpResponse:
    found = receipts.signed(receipts.find(receipt_id, by=request.actor))
    text = json.dumps(found, ensure_ascii=False, indent=2)
    return _file(text, "application/json", f"receipt-{receipt_id}.json")


@for_people
@require_POST
def object_to(request: ActorRequest, receipt_id: UUID) -> HttpResponse:
    try:
        objections.object_to(receipt_id, by=request.actor, reason=request.POST.get("reason", ""))
        messages.success(request, _("Staff will look at this charge, and tell you."))
    except MarketplaceError as error:
        messages.error(request, error.message)
    return redirect("billing:receipt", receipt_id)


@require_GET
def verifier(request: ActorRequest) -> HttpResponse:
    """The program that checks receipts, as it stands here."""
    del request
    text = Path(receipt_verifying.__file__).read_text()
    return _file(text, "text/x-python", "receipt_verifying.py")


@for_people
@require_GET
def invoices(request: ActorRequest) -> HttpResponse:
    owner = viewed(request)
    request.actor.require(may_see_bills, owner)
    given_back = Sum("refunds__amount", filter=~Q(refunds__state=Refund.State.REFUSED))
    paid = TopUp.objects.filter(owner=owner, state=TopUp.State.PAID)
    bought = paid.annotate(given_back=given_back).order_by("-paid_at")
    context = section(request, owner, "invoices") | {
        "bought": bought[:200],
        "monthly": StripeInvoice.objects.filter(owner=owner).order_by("-created_at")[:200],
    }
    return render(request, "billing/invoices.html", context)


def _asked(request: ActorRequest, group_by: str = "") -> Asked:
    given = request.GET
    group = group_by or given.get("group_by", "day")
    return Asked(
        group_by=group if group in GROUPS else "day",
        since=usage_reports.day(given.get("from", ""), what=_("The first day")),
        until=usage_reports.day(given.get("to", ""), what=_("The last day")),
        key=given.get("key", ""),
        algorithm=given.get("algorithm", "").strip(),
        version=given.get("version", "").strip(),
        tag=given.get("tag") or None,
    )


def _series(found: Report) -> str:
    rows = found.rows
    return json.dumps(
        {
            "days": [row.name for row in rows],
            "compute": [row.compute / 1e6 for row in rows],
            "royalty": [row.royalty / 1e6 for row in rows],
        }
    )


def _file(text: str, kind: str, name: str) -> HttpResponse:
    made = HttpResponse(text, content_type=f"{kind}; charset=utf-8")
    made["Content-Disposition"] = f'attachment; filename="{name}"'
    return made
