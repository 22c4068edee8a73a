"""What Stripe tells us: stored once as it comes, then worked off by looking at what it is about.

An event says that something has changed, not how it stands: events come twice, late and in any
order. So each is answered by asking Stripe for the object, and by use cases whose journals are
named for the fact.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Final

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from billing import (
    banking,
    connecting,
    customers,
    disputes,
    metering,
    payouts,
    postpaid,
    refunding,
    topups,
)
from billing.gateway import gateway
from billing.models import StripeEvent
from billing.stripe_facts import StripeRefused, Told
from marketplace.lib.errors import BadInput

log = logging.getLogger(__name__)

CLAIM: Final = timedelta(seconds=90)
"""For so long an event that somebody has begun is left to them."""

MOST_ATTEMPTS: Final = 12
Work = Callable[[str], object]


def receive(payload: bytes, signature: str) -> StripeEvent:
    """Store what a webhook brings, if Stripe has signed it; the second time changes nothing."""
    stripe = gateway()
    told = stripe.read_webhook(payload, signature)
    if told.is_live != stripe.is_live:
        raise BadInput("This event comes from Stripe's other mode (test or live).")
    return store(told)


def store(told: Told) -> StripeEvent:
    event, is_new = StripeEvent.objects.get_or_create(
        pk=told.id,
        defaults={
            "type": told.type[:100],
            "object_id": told.object_id[:100],
            "api_version": told.api_version[:60],
            "is_live": told.is_live,
            "payload": told.payload,
            "happened_at": told.happened_at,
        },
    )
    if is_new:
        transaction.on_commit(partial(process.delay, event.pk))
    return event


@shared_task(name="billing.webhooks.process")
def process(event_id: str) -> bool:
    """Work one event off; give whether it is done. Delivered twice, it is done once."""
    now = timezone.now()
    mine = StripeEvent.objects.filter(
        pk=event_id, processed_at__isnull=True, next_attempt_at__lte=now
    )
    if not mine.update(next_attempt_at=now + CLAIM):
        return False
    event = StripeEvent.objects.get(pk=event_id)
    try:
        work = _work_for(event)
        if work is not None:
            work()
    except Exception as error:  # noqa: BLE001 - whatever it was, the event is tried again
        _postpone(event, error)
        return False
    StripeEvent.objects.filter(pk=event_id).update(processed_at=timezone.now(), last_error="")
    return True


@shared_task(name="billing.webhooks.work_off")
def work_off() -> int:
    """Take up what is due: events whose worker died or whose work has failed; give how many are done."""
    due = StripeEvent.objects.filter(processed_at__isnull=True, next_attempt_at__lte=timezone.now())
    return sum(process(pk) for pk in due.order_by("happened_at").values_list("pk", flat=True)[:500])


_BY_PREFIX: Final[dict[str, Work]] = {
    "checkout.session.": topups.fulfil,
    "payment_intent.": topups.note_payment,
    "charge.updated": topups.note_charge,
    "charge.refunded": refunding.note_charge,
    "charge.dispute.": disputes.note,
    "refund.": refunding.note_refund,
    "customer.subscription.": postpaid.note_subscription,
    "invoice.": postpaid.note_invoice,
    "account.updated": connecting.note_account,
    "transfer.": payouts.note_transfer,
    "payout.": banking.note_payout,
}


def _work_for(event: StripeEvent) -> Callable[[], object] | None:
    """What an event asks for; None for one that means nothing to us."""
    if event.type.startswith("v1.billing.meter."):
        return partial(metering.note_errors, event.pk)
    if event.type == "account.application.deauthorized":
        return partial(connecting.note_departure, str(event.payload.get("account") or ""))
    if event.type.startswith(("payment_method.", "setup_intent.", "customer.updated")):
        return partial(_look_at_cards, event)
    for prefix, work in _BY_PREFIX.items():
        if event.type.startswith(prefix):
            return partial(work, event.object_id)
    return None


def _look_at_cards(event: StripeEvent) -> None:
    """The cards of a customer may have changed: see which one is charged now."""
    data = event.payload.get("data")
    about = data.get("object") if isinstance(data, dict) else None
    previous = data.get("previous_attributes") if isinstance(data, dict) else None
    named = {**(previous or {}), **{name: one for name, one in (about or {}).items() if one}}
    customer = event.object_id if event.type == "customer.updated" else named.get("customer")
    if isinstance(customer, str):
        customers.refresh_card(customer)


def _postpone(event: StripeEvent, error: Exception) -> None:
    attempts = event.attempts + 1
    wait = timedelta(seconds=min(15 * 2**attempts, 6 * 3600))
    StripeEvent.objects.filter(pk=event.pk).update(
        attempts=attempts, next_attempt_at=timezone.now() + wait, last_error=f"{error}"[:500]
    )
    if not isinstance(error, StripeRefused) or attempts >= MOST_ATTEMPTS:
        log.warning("%s could not be worked off (attempt %s): %s", event, attempts, error)
