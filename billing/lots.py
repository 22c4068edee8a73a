"""Credit by where it came from: opened by a top-up or a gift, used in order, refunded, expired."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from celery import shared_task
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from billing import ledger
from billing.ledger import Leg, NotEnough
from billing.models import Account, Journal, Limit, Lot
from marketplace.lib.errors import BadInput, Conflict

_EXPIRED_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Part:
    """So much out of one lot."""

    lot: Lot
    amount: int


def open_lot(  # noqa: PLR0913 - each is a column
    owner_id: UUID,
    amount: int,
    *,
    idem_key: str,
    source: Lot.Source,
    kind: str,
    against: Sequence[Leg],
    is_promo: bool = False,
    expires_at: datetime | None = None,
    note: str = "",
    stripe_ref: str = "",
) -> Lot:
    """Give an owner credit: a lot, and a journal with the key that pays for it, once.

    `against` are the other legs; with the owner's own they sum to zero (a top-up:
    stripe_cash −gross, tax_payable +tax). The same key gives the lot that is already there;
    Conflict if it stands for another amount or owner.
    """
    if amount <= 0:
        raise BadInput("Credit is an amount above zero.")
    with transaction.atomic():
        lot, is_new = Lot.objects.get_or_create(
            idem_key=idem_key,
            defaults={
                "owner_id": owner_id,
                "source": source,
                "is_promo": is_promo,
                "original": amount,
                "remaining": amount,
                "expires_at": expires_at,
                "note": note[:200],
                "stripe_ref": stripe_ref,
            },
        )
        if not is_new and (lot.owner_id, lot.original) != (owner_id, amount):
            raise Conflict(f"{idem_key} has been credited already, with another amount.")
        legs = [Leg(ledger.account(account_of(lot), owner_id), amount, lot), *against]
        ledger.post_journal(idem_key, kind, legs, ref_type="lot", ref_id=str(lot.pk))
    return lot


def withdraw(lot: Lot, amount: int, *, idem_key: str, kind: str, against: Sequence[Leg]) -> Journal:
    """Take unspent credit out of a lot, once: a refund, an expiry. NotEnough if it is not there.

    Credit that running calls have set aside counts as spent until they end. Lot ids on the
    entries tell afterwards where it went.
    """
    with transaction.atomic():
        before = Journal.objects.filter(idem_key=idem_key).first()
        legs = [Leg(ledger.account(account_of(lot), lot.owner_id), -amount, lot), *against]
        if before is not None:
            return ledger.post_journal(idem_key, kind, legs)
        journal = ledger.post_journal(
            idem_key, kind, legs, ref_type="lot", ref_id=str(lot.pk)
        )  # locks the wallet before the lot, as settlement does
        lot = Lot.objects.select_for_update().get(pk=lot.pk)
        if lot.remaining < amount:
            raise NotEnough(f"Only {lot.remaining} micro-units of this lot have not been spent.")
        lot.remaining -= amount
        lot.save(update_fields=["remaining"])
    return journal


def put_back(lot: Lot, journal: Journal, *, idem_key: str, kind: str) -> Journal:
    """Undo a withdrawal: post its mirror image, and let the credit be in its lot again.

    Whoever calls it holds a lock on what the withdrawal was for.
    """
    with transaction.atomic():
        before = Journal.objects.filter(idem_key=idem_key).first()
        if before is not None:
            return before
        taken = sum(entry.amount for entry in journal.entries.filter(lot=lot))
        back = ledger.reverse(journal, idem_key=idem_key, kind=kind)
        Lot.objects.filter(pk=lot.pk).update(remaining=F("remaining") - taken)
    return back


def refundable(lot: Lot) -> int:
    """What of a lot could be given back now: unspent, and not set aside for running calls."""
    wallet = Limit.objects.filter(kind=Limit.Kind.WALLET, owner_id=lot.owner_id).first()
    fresh = Lot.objects.get(pk=lot.pk)
    if fresh.is_promo or wallet is None:
        return 0
    return min(fresh.remaining, max(0, wallet.available - wallet.credit_limit))


def account_of(lot: Lot) -> Account.Kind:
    return Account.Kind.CUSTOMER_PROMO if lot.is_promo else Account.Kind.CUSTOMER_PAID


class Purse:
    """An owner's lots during one settlement, locked; spent in order, written back at its end."""

    def __init__(self, lots: Iterable[Lot]) -> None:
        self._lots = [lot for lot in lots if lot.remaining]
        self._touched: dict[int, Lot] = {}

    def take(self, amount: int) -> list[Part]:
        """The parts that pay an amount, gifts first; together less if the lots run out."""
        parts = []
        while amount and self._lots:
            lot = self._lots[0]
            taken = min(amount, lot.remaining)
            lot.remaining -= taken
            amount -= taken
            self._touched[lot.pk] = lot
            parts.append(Part(lot, taken))
            if not lot.remaining:
                self._lots.pop(0)
        return parts

    @property
    def touched(self) -> list[Lot]:
        return list(self._touched.values())


def purses(owner_ids: Iterable[UUID]) -> dict[UUID, Purse]:
    """Lock all credit of these owners, by ascending id, and give it in the order of its use."""
    rows = Lot.objects.filter(owner_id__in=list(owner_ids), remaining__gt=0)
    list(rows.select_for_update().order_by("pk"))
    by_owner: dict[UUID, list[Lot]] = {}
    for lot in rows.in_order_of_use():
        by_owner.setdefault(lot.owner_id, []).append(lot)
    return {owner_id: Purse(found) for owner_id, found in by_owner.items()}


@shared_task(name="billing.lots.expire")
def expire() -> int:
    """Take back what has expired; what calls have set aside is left to them, and to the next time."""
    due = Lot.objects.filter(expires_at__lte=timezone.now(), remaining__gt=0).order_by("pk")
    expired = 0
    for lot in due[:_EXPIRED_AT_ONCE]:
        with transaction.atomic():
            wallet = Limit.objects.select_for_update().get(
                kind=Limit.Kind.WALLET, owner_id=lot.owner_id
            )
            lot.refresh_from_db()
            amount = min(lot.remaining, wallet.available)
            if amount <= 0:
                continue
            withdraw(
                lot,
                amount,
                idem_key=f"expire:{lot.pk}:{lot.remaining}",
                kind="expiry",
                against=[Leg(ledger.account(Account.Kind.BREAKAGE), amount)],
            )
            expired += 1
    return expired
