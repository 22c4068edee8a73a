"""What Stripe sends on to the operator's own bank account."""

from __future__ import annotations

from django.conf import settings

from billing import cash, ledger
from billing.currencies import from_minor
from billing.gateway import gateway
from billing.ledger import Kind, Leg


def note_payout(payout_id: str) -> None:
    """Book money that has left Stripe for the bank, or has come back from it."""
    told = gateway().bank_payout(payout_id)
    amount = from_minor(told.amount, settings.CURRENCY)
    legs = [cash.came_in(-amount), Leg(ledger.account(Kind.BANK_CASH), -amount)]
    if told.has_left:
        cash.post(f"bank:{payout_id}", "paid to the bank", legs, source=payout_id)
    if told.has_failed:
        back = [Leg(leg.account, -leg.amount) for leg in legs]
        cash.post(f"bank:{payout_id}", "paid to the bank", legs, source=payout_id)
        cash.post(f"bank:{payout_id}:failed", "came back from the bank", back, source=payout_id)
