"""Cash in the books: every journal that moves some says which object at Stripe it belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.conf import settings
from django.db import transaction

from billing import ledger
from billing.currencies import from_minor
from billing.ledger import Kind, Leg
from billing.models import CashMove, Journal


def post(
    idem_key: str,
    kind: str,
    legs: Sequence[Leg],
    *,
    source: str,
    meta: Mapping[str, object] | None = None,
) -> Journal:
    """Post a journal and note its source, once."""
    with transaction.atomic():
        journal = ledger.post_journal(
            idem_key,
            kind,
            [leg for leg in legs if leg.amount],
            ref_type="stripe",
            ref_id=source,
            meta=meta,
        )
        note(journal, source)
    return journal


def note(journal: Journal, source: str) -> None:
    CashMove.objects.get_or_create(journal=journal, defaults={"source": source})


def came_in(micro: int) -> Leg:
    """Cash that has arrived at Stripe; negative if it has left."""
    return Leg(ledger.account(Kind.STRIPE_CASH), -micro)


def post_fee(key: str, cents: int, *, source: str) -> Journal | None:
    """What Stripe has kept for itself; the house bears it."""
    fee = from_minor(cents, settings.CURRENCY)
    if not fee:
        return None
    legs = [came_in(-fee), Leg(ledger.account(Kind.STRIPE_FEES), -fee)]
    return post(key, "fee", legs, source=source)
