"""Accounts that pay at the end of the month: allowed by staff, billed by Stripe, up to a limit."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import cash, customers, freezing, ledger
from billing.amounts import written
from billing.currencies import from_minor, micro_per_minor
from billing.gateway import gateway
from billing.ledger import Kind, Leg
from billing.models import Journal, Limit, MeterExport, PostPaid, StripeCustomer, StripeInvoice
from billing.permissions import may_move_money
from billing.stripe_facts import Invoiced, Subscribed
from marketplace.accounts import audit, notifications
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib.errors import BadInput
from marketplace.lib.money import MICRO_PER_DOLLAR, format_dollars

State = PostPaid.State
_STATES: Final = {
    "active": State.ACTIVE, "trialing": State.ACTIVE, "past_due": State.PAST_DUE,
    "unpaid": State.UNPAID, "canceled": State.ENDED, "incomplete_expired": State.ENDED,
}  # fmt: skip


def event_name(meter: str) -> str:
    """What a meter's events are called at Stripe."""
    return f"agorithm_{meter}"


def allow(owner: Owner, credit_limit: int, *, by: Actor) -> PostPaid:
    """Let an owner owe so much until the end of the month; their card has to be there."""
    by.require(may_move_money, owner)
    if credit_limit < MICRO_PER_DOLLAR:
        raise BadInput(_("A credit limit is at least 1.00."))
    customer = customers.customer_of(owner)
    if not customer.card_id:
        raise BadInput(_("They have to leave a card first."))
    before = PostPaid.objects.filter(owner=owner).first()
    generation = before.generation + (before.state == State.ENDED) if before else 1
    subscribed = _subscribe(owner, customer, generation, before)
    with transaction.atomic():
        set_limit(owner, credit_limit)
        hour = timezone.now().astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        is_new = before is None or before.state == State.ENDED
        row, _made = PostPaid.objects.update_or_create(
            owner=owner,
            defaults={
                "credit_limit": credit_limit,
                "subscription_id": subscribed.id,
                "state": _STATES.get(subscribed.status, State.ACTIVE),
                "period_end": subscribed.period_end,
                "generation": generation,
                **({"started_at": hour} if is_new else {}),
            },
            create_defaults={
                "credit_limit": credit_limit, "subscription_id": subscribed.id, "generation": generation,
                "period_end": subscribed.period_end, "started_at": hour,
            },
        )  # fmt: skip
        audit.record(by, "allowed to pay later", owner, limit=format_dollars(credit_limit))
    return row


def end(owner: Owner, *, by: Actor) -> None:
    """Bill what is owed, and let nothing more be owed."""
    by.require(may_move_money, owner)
    row = PostPaid.objects.exclude(state=State.ENDED).filter(owner=owner).first()
    if row is None or row.subscription_id is None:
        raise BadInput(_("This account does not pay later."))
    gateway().end_subscription(row.subscription_id, key=f"end:{row.subscription_id}")
    note_subscription(row.subscription_id)
    audit.record(by, "ended paying later", owner)


def set_limit(owner: Owner, credit_limit: int) -> None:
    """How far the owner's wallet may go below zero; what is owed already is not taken away."""
    ledger.wallets([owner.pk])
    wallet = Limit.objects.filter(kind=Limit.Kind.WALLET, owner=owner).select_for_update().get()
    lowest = max(0, wallet.spent + wallet.held - (wallet.ceiling - wallet.credit_limit))
    limit = max(credit_limit, lowest)
    Limit.objects.filter(pk=wallet.pk).update(
        ceiling=F("ceiling") + limit - wallet.credit_limit, credit_limit=limit
    )


def meter_id(meter: str) -> str:
    """The meter at Stripe, made when it is needed first."""
    name = event_name(meter)
    return customers.thing(
        f"meter:{meter}",
        lambda key: gateway().create_meter(name, str(MeterExport.Meter(meter).label), key=key),
    )


def note_subscription(subscription_id: str) -> None:
    """Take over how a subscription stands: what is not paid stops the account, what is paid frees it."""
    row = PostPaid.objects.filter(subscription_id=subscription_id).select_related("owner").first()
    if row is None:
        return
    told = gateway().subscription(subscription_id)
    before = row.state
    row.state = _standing(row.owner, _STATES.get(told.status, State.UNPAID))
    row.period_end = told.period_end
    row.save(update_fields=["state", "period_end"])
    if row.state == State.UNPAID:
        freezing.freeze_for(row.owner, _("An invoice was not paid. Pay it on the billing page."))
    elif row.state == State.ACTIVE and before in (State.UNPAID, State.PAST_DUE):
        freezing.thaw_if_settled(row.owner)
    elif row.state == State.ENDED and before != State.ENDED:
        with transaction.atomic():
            set_limit(row.owner, 0)


def note_invoice(invoice_id: str) -> None:
    """Keep what an invoice says now, and book it when it is paid; dun its owner when it is not."""
    told = gateway().invoice(invoice_id)
    row = PostPaid.objects.filter(subscription_id=told.subscription_id or "-").first()
    customer = (
        StripeCustomer.objects.filter(stripe_id=told.customer).select_related("owner").first()
    )
    if row is None or customer is None:
        return
    before = StripeInvoice.objects.filter(pk=invoice_id).first()
    _keep(told, customer.owner)
    if told.status == "paid":
        _book(told, customer.owner)
        freezing.thaw_if_settled(customer.owner)
    elif told.status == "uncollectible":
        _write_off(told, customer.owner)
    elif told.attempts > (before.attempts if before else 0):
        _dun(told, customer.owner)
    if told.subscription_id:
        note_subscription(told.subscription_id)


def _subscribe(
    owner: Owner, customer: StripeCustomer, generation: int, before: PostPaid | None
) -> Subscribed:
    stripe = gateway()
    if before is not None and before.subscription_id and before.state != State.ENDED:
        return stripe.subscription(before.subscription_id)
    prices = [_price(meter) for meter in MeterExport.Meter]
    return stripe.subscribe(customer.stripe_id, prices, key=f"sub:{owner.pk}:{generation}")


def _price(meter: MeterExport.Meter) -> str:
    """A metered price: a unit is a micro-unit of the currency, and costs that part of a cent."""
    meter_at_stripe = meter_id(meter)
    per_unit = Decimal(1) / micro_per_minor(settings.CURRENCY)

    def make(key: str) -> str:
        return gateway().create_price(meter_at_stripe, str(meter.label), per_unit=per_unit, key=key)

    return customers.thing(f"price:{meter}", make)


def _standing(owner: Owner, told: PostPaid.State) -> PostPaid.State:
    """A later invoice that is paid makes up for no earlier one that is not."""
    if told == State.ENDED:
        return told
    invoices = StripeInvoice.objects.filter(owner=owner)
    if invoices.filter(status="uncollectible").exists():
        return State.UNPAID
    if told == State.ACTIVE and invoices.filter(status="open", attempts__gt=0).exists():
        return State.PAST_DUE
    return told


def _keep(told: Invoiced, owner: Owner) -> None:
    StripeInvoice.objects.update_or_create(
        pk=told.id,
        defaults={
            "owner": owner, "number": told.number, "status": told.status,
            "total": from_minor(told.total, settings.CURRENCY),
            "tax": from_minor(told.tax, settings.CURRENCY),
            "period_start": told.period_start, "period_end": told.period_end,
            "url": told.url, "attempts": told.attempts, "created_at": told.created,
            "paid_at": told.paid_at,
        },
    )  # fmt: skip


def _book(told: Invoiced, owner: Owner) -> None:
    """Cash in, debt gone; what the cents have rounded stands by itself."""
    key = f"inv:{told.id}"
    if Journal.objects.filter(idem_key=key).exists():
        return
    gross, tax = from_minor(told.total, settings.CURRENCY), from_minor(told.tax, settings.CURRENCY)
    charges = [gateway().payment(payment_id).charge for payment_id in told.payment_ids]
    exact = used_within(owner, told.period_start, told.period_end)
    # Without a charge Stripe has found less than half a cent, and asked for nothing.
    net = gross - tax
    receivable = exact if abs(exact - net) <= micro_per_minor(settings.CURRENCY) * 2 else net
    was_lost = Journal.objects.filter(idem_key=f"{key}:lost").exists()
    debt = (Kind.BAD_DEBT, None) if was_lost else (Kind.RECEIVABLE, owner.pk)
    legs = [
        cash.came_in(gross),
        Leg(ledger.account(*debt), receivable),
        Leg(ledger.account(Kind.TAX_PAYABLE), tax),
        Leg(ledger.account(Kind.ROUNDING), net - receivable),
    ]
    if not any(leg.amount for leg in legs):
        return
    charge = next((one for one in charges if one is not None), None)
    with transaction.atomic():
        cash.post(key, "invoice paid", legs, source=charge.id if charge else told.id)
        if charge is not None and charge.movement is not None:
            cash.post_fee(f"fee:{charge.movement.id}", charge.movement.fee, source=charge.id)
        notifications.tell(
            customers.people_of(owner.pk),
            kind="billing",
            title=lambda: (
                _("Invoice %(number)s over %(amount)s is paid")
                % {"number": told.number, "amount": written(gross)}
            ),
            url="/billing/top-up/",
        )


def used_within(owner: Owner, start: datetime, end: datetime) -> int:
    """What was exported of the hours of a period."""
    exports = MeterExport.objects.filter(
        owner=owner, hour__gte=start.replace(minute=0, second=0, microsecond=0), hour__lt=end
    ).exclude(state=MeterExport.State.FAILED)
    return sum(exports.values_list("value", flat=True))


def _write_off(told: Invoiced, owner: Owner) -> None:
    """Nobody will pay it: the debt is a loss. The account stays frozen."""
    key = f"inv:{told.id}:lost"
    net = from_minor(told.total - told.tax, settings.CURRENCY)
    debt = min(net, -ledger.balance(Kind.RECEIVABLE, owner.pk))
    if debt <= 0 or Journal.objects.filter(idem_key=key).exists():
        return
    legs = [
        Leg(ledger.account(Kind.RECEIVABLE, owner.pk), debt),
        Leg(ledger.account(Kind.BAD_DEBT), -debt),
    ]
    ledger.post_journal(key, "invoice lost", legs, ref_type="stripe", ref_id=told.id)


def _dun(told: Invoiced, owner: Owner) -> None:
    notifications.tell(
        customers.people_of(owner.pk),
        kind="billing",
        title=lambda: _("Invoice %(number)s could not be collected") % {"number": told.number},
        body=lambda: (
            _(
                "Your card was refused for %(amount)s. It is tried again within days; if it stays "
                "unpaid, the account is frozen. Look at the card on the billing page."
            )
            % {"amount": written(from_minor(told.total, settings.CURRENCY))}
        ),
        url="/billing/top-up/",
    )
