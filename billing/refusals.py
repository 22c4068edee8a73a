"""The sentence of a 402: which limit, what is left, when it resets, where to change it."""

from __future__ import annotations

from typing import Final

from django.conf import settings

from billing.models import Limit
from marketplace.lib.errors import PaymentRequired
from marketplace.lib.money import format_dollars

BILLING_PAGE: Final = "/billing/"
BUDGETS_PAGE: Final = "/billing/budgets/"


def short_of(
    limit: Limit | None, left: int, needed: int, *, may_ask_less: bool = False
) -> PaymentRequired:
    """Why a call that has to set `needed` aside cannot have it of this limit.

    `left` is what is available and what the process that asks holds in reserve, which is not
    told as set aside: nobody uses it.
    """
    if limit is None:
        return PaymentRequired(
            "A limit of this call was taken away while it was admitted. Nothing was charged; "
            "try again."
        )
    left = max(0, left)
    if limit.kind == Limit.Kind.TREE:
        what, advice, page, resets = _cap(limit)
    elif limit.kind == Limit.Kind.WINDOW:
        what, advice, page, resets = _budget(limit)
    else:
        what, advice, page, resets = "this account", "Add credit at", BILLING_PAGE, None
    used = min(limit.held, limit.held + limit.available - left)
    held = f" ({format_dollars(used)} USD are set aside or about to be booked)" if used > 0 else ""
    less = " The header Max-Cost lets a call set less aside." if may_ask_less and left else ""
    where = f" {advice} {settings.SITE_URL}{page}." if page else f" {advice}"
    again = f" It resets at {resets}." if resets else ""
    return PaymentRequired(
        f"This call has to set {format_dollars(needed)} USD aside, and {what} has "
        f"{format_dollars(left)} USD left{held}. Nothing was charged.{again}{where}{less}",
        details={
            "limit": limit.kind,
            "budget": str(limit.budget_id) if limit.budget_id else None,
            "needed": needed,
            "left": left,
            "held": max(0, used),
            "resets_at": resets,
            "change_at": f"{settings.SITE_URL}{page}" if page else None,
        },
    )


def stopped(why: str) -> PaymentRequired:
    """Nothing of this account, or of the whole site, can be spent."""
    return PaymentRequired(
        f"{why.rstrip('.')}. Nothing was charged; ask the operator.", details={"limit": "stop"}
    )


def cap_too_low(cap: int, least: int, path: str) -> PaymentRequired:
    return PaymentRequired(
        f"A call of {path} costs {format_dollars(least)} USD at least, more than its Max-Cost of "
        f"{format_dollars(cap)} USD. Nothing was run or charged; send a higher Max-Cost.",
        details={"limit": "max_cost", "needed": least, "left": cap},
    )


def cap_unknown(path: str) -> PaymentRequired:
    return PaymentRequired(
        f"The call that sets off this one of {path} had a Max-Cost and has ended, so nothing can "
        "be charged to it any more.",
        details={"limit": "max_cost", "left": 0},
    )


def _budget(limit: Limit) -> tuple[str, str, str, str | None]:
    budget = limit.budget
    resets = f"{limit.ends_at:%Y-%m-%d %H:%M} UTC" if limit.ends_at else None
    if budget is None:
        return "its budget", "Change it at", BUDGETS_PAGE, resets
    period = {"day": " for today", "month": " for this month", "lifetime": ""}[budget.period]
    return f"the budget of {budget.subject}{period}", "Change it at", BUDGETS_PAGE, resets


def _cap(_limit: Limit) -> tuple[str, str, str, str | None]:
    return "the Max-Cost of its tree of calls", "Send a higher Max-Cost.", "", None
