"""Credit bought by itself when it runs low: at most one at a time, within a cap, and not for ever."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import customers, topups
from billing.amounts import written
from billing.currencies import to_minor
from billing.gateway import gateway
from billing.models import AutoRecharge, Limit, StripeCustomer, TopUp
from billing.permissions import may_buy_credit
from billing.stripe_facts import Declined, StripeRefused, Unreachable
from marketplace.accounts import audit, notifications
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib.errors import BadInput, Conflict
from marketplace.lib.money import format_dollars

MOST_FAILURES: Final = 2
KEY_LIVES: Final = timedelta(hours=23)
"""Stripe forgets an idempotency key after a day; from then on a resend could charge twice."""


@dataclass(frozen=True)
class Order:
    """What an owner wants to have bought: below which balance, how much, at most in a month."""

    threshold: int
    amount: int
    monthly_cap: int


def configure(owner: Owner, order: Order, *, by: Actor, is_on: bool) -> AutoRecharge:
    """Switch it on or off. Switching on forgets earlier failures, and needs a saved card."""
    by.require(may_buy_credit, owner)
    topups.check_amount(order.amount)
    if order.threshold <= 0:
        raise BadInput(_("Say below which balance credit is bought."))
    if order.monthly_cap < order.amount:
        raise BadInput(_("The most in a month cannot be less than one purchase."))
    customer = StripeCustomer.objects.filter(owner=owner).first()
    if is_on and (customer is None or not customer.card_id):
        raise BadInput(_("First leave a card: buy credit once, or add one on the billing page."))
    kept, _made = AutoRecharge.objects.update_or_create(
        owner=owner,
        defaults={**asdict(order), "is_on": is_on, "failures": 0, "stopped_because": ""},
    )
    amounts = {name: format_dollars(micro) for name, micro in asdict(order).items()}
    audit.record(by, "set auto-recharge", owner, on=str(is_on), **amounts)
    return kept


@shared_task(name="billing.recharging.recharge")
def recharge() -> int:
    """Look at every order; give how many purchases were made or asked about."""
    for topup in TopUp.objects.waiting().filter(way=TopUp.Way.RECHARGE):
        charge(topup)
    low = [
        order.owner_id
        for order in AutoRecharge.objects.filter(is_on=True)
        if balance(order.owner_id) < order.threshold
    ]
    return sum(consider(owner_id) is not None for owner_id in low)


def consider(owner_id: UUID) -> TopUp | None:
    """Buy credit for an owner if they have ordered it, need it, and the cap leaves room."""
    try:
        with transaction.atomic():
            order = AutoRecharge.objects.select_for_update().get(owner_id=owner_id, is_on=True)
            if (
                balance(owner_id) >= order.threshold
                or spent_this_month(owner_id) + order.amount > order.monthly_cap
            ):
                return None
            topups.require_open(order.owner)
            topup = TopUp.objects.create(
                owner_id=owner_id, way=TopUp.Way.RECHARGE, amount=order.amount
            )
    except (AutoRecharge.DoesNotExist, IntegrityError, Conflict):
        return None  # not ordered, one is in flight, or the account is frozen
    return charge(topup)


def charge(topup: TopUp) -> TopUp:
    """Charge the saved card for it. An answer that got lost leaves it in flight, to be asked again."""
    customer = StripeCustomer.objects.get(owner_id=topup.owner_id)
    if timezone.now() - topup.created_at > KEY_LIVES:
        return _look_for(topup, customer.stripe_id)
    try:
        payment = gateway().charge_card(
            to_minor(topup.amount, settings.CURRENCY),
            customer=customer.stripe_id,
            method_id=customer.card_id,
            metadata={"topup_id": str(topup.pk)},
            key=f"auto:{topup.pk}",
        )
    except Unreachable:
        return topup
    except (Declined, StripeRefused) as refusal:
        return _fail(topup, refusal)
    if payment.status != "succeeded" or payment.charge is None:
        return topup  # a bank takes its days; Stripe tells what became of it
    credited = topups.credit_payment(topup, payment)
    AutoRecharge.objects.filter(owner_id=topup.owner_id).update(failures=0)
    return credited


def balance(owner_id: UUID) -> int:
    """What an owner could still spend of credit, without what they could owe."""
    wallet = Limit.objects.filter(kind=Limit.Kind.WALLET, owner_id=owner_id).first()
    return wallet.available - wallet.credit_limit if wallet is not None else 0


def spent_this_month(owner_id: UUID) -> int:
    """What has been bought by itself since the month began, and what is in flight."""
    now = timezone.now()
    begin = datetime(now.year, now.month, 1, tzinfo=UTC)
    bought = TopUp.objects.filter(
        owner_id=owner_id,
        way=TopUp.Way.RECHARGE,
        created_at__gte=begin,
        state__in=[TopUp.State.PAID, TopUp.State.WAITING],
    )
    return bought.aggregate(total=Sum("amount"))["total"] or 0


def _look_for(topup: TopUp, customer: str) -> TopUp:
    """After a day a resend could charge twice: see at Stripe what has become of it."""
    since = int(topup.created_at.timestamp()) - 60
    for payment in gateway().payments_of(customer, since=since):
        if payment.metadata.get("topup_id") != str(topup.pk):
            continue
        if payment.status == "succeeded":
            return topups.credit_payment(topup, payment)
        if payment.status == "processing":
            return topup
    return _fail(topup, StripeRefused(_("Stripe did not answer for a day, and charged nothing.")))


def _fail(topup: TopUp, refusal: Declined | StripeRefused) -> TopUp:
    """Remember it, tell the owner, and after the second time stop."""
    with transaction.atomic():
        order = AutoRecharge.objects.select_for_update().get(owner_id=topup.owner_id)
        if (
            not TopUp.objects.waiting()
            .filter(pk=topup.pk)
            .update(state=TopUp.State.FAILED, refusal=refusal.message[:200])
        ):
            return topup
        order.failures += 1
        if order.failures >= MOST_FAILURES:
            order.is_on, order.stopped_because = False, refusal.message[:200]
        order.save()
        _tell_failed(order, refusal)
    topup.refresh_from_db()
    return topup


def _tell_failed(order: AutoRecharge, refusal: Declined | StripeRefused) -> None:
    def body() -> str:
        if isinstance(refusal, Declined) and refusal.needs_holder:
            todo = _("Your bank wants to ask you: buy credit once on the billing page.")
        else:
            todo = _("Look at the card on the billing page.")
        is_off = not order.is_on
        stopped = _("It is switched off now.") if is_off else _("It will be tried once more.")
        return f"{refusal.message} {todo} {stopped}"

    notifications.tell(
        customers.people_of(order.owner_id),
        kind="billing",
        title=lambda: _("Auto-recharge of %(amount)s failed") % {"amount": written(order.amount)},
        body=body,
        url="/billing/top-up/",
    )
