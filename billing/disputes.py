"""Payments that a cardholder's bank takes back: frozen, traced to whom they reached, decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import cash, customers, freezing, ledger, lots
from billing.amounts import written
from billing.currencies import from_minor
from billing.gateway import gateway
from billing.ledger import Kind, Leg
from billing.models import Dispute, EarningHold, Entry, Journal, Lot, TopUp, Usage
from billing.permissions import may_move_money
from billing.stripe_facts import Disputed
from marketplace.accounts import audit, notifications
from marketplace.accounts.actors import Actor
from marketplace.lib.money import format_dollars


def note(dispute_id: str) -> Dispute:
    """Look at Stripe how a dispute stands, and book it; safe to repeat in any order."""
    told = gateway().dispute(dispute_id)
    with transaction.atomic():
        dispute = _known(told)
        _open(dispute, told)
        if told.is_decided and dispute.state == Dispute.State.OPEN:
            _close(dispute, is_won=told.is_won)
    return dispute


def answer(dispute: Dispute, *, by: Actor) -> str:
    """Send the bank the list of calls that the disputed credit paid for; give what was sent."""
    by.require(may_move_money, dispute)
    lot = dispute.topup.lot if dispute.topup is not None else None
    calls = [
        f"{usage.at:%Y-%m-%d %H:%M:%S} UTC  {usage.call_id}  {format_dollars(usage.total)}"
        for usage in (_usage_of(lot)[:400] if lot is not None else ())
    ]
    head = (
        f"Credit bought with charge {dispute.charge_id} paid for these calls of computing services:"
    )
    lines = [head, *calls]
    text = "\n".join(lines)[:20_000]
    gateway().answer_dispute(dispute.pk, text, key=f"evidence:{dispute.pk}")
    audit.record(by, "answered a dispute", dispute.pk)
    return text


def traced(lot: Lot) -> dict[UUID, int]:
    """The royalties that a lot has funded, by author.

    Within one settlement an owner's calls share their lots, so each lot funds the royalties
    of that settlement in proportion to what it paid of the whole.
    """
    found: dict[UUID, int] = defaultdict(int)
    spent = Entry.objects.filter(lot=lot, amount__lt=0, journal__kind="calls").values_list(
        "journal_id", "amount"
    )
    for journal_id, amount in spent:
        calls = Usage.objects.filter(settled_in_id=journal_id, payer_id=lot.owner_id)
        paid = calls.aggregate(total=Sum(F("total") - F("promo") - F("lost")))["total"] or 0
        shares = calls.values("author_id").annotate(share=Sum("author_share"))
        for row in shares:
            if paid and row["share"]:
                found[row["author_id"]] += row["share"] * -amount // paid
    return {author: share for author, share in found.items() if share}


def _known(told: Disputed) -> Dispute:
    topup = TopUp.objects.filter(charge_id=told.charge_id).first()
    Dispute.objects.get_or_create(
        pk=told.id,
        defaults={
            "topup": topup,
            "charge_id": told.charge_id,
            "amount": from_minor(told.amount, settings.CURRENCY),
            "reason": told.reason,
        },
    )
    rows = Dispute.objects.select_for_update(of=("self",)).select_related(
        "topup__lot", "topup__owner"
    )
    return rows.get(pk=told.id)


def _open(dispute: Dispute, told: Disputed) -> None:
    """Book what the bank has taken, freeze the account, and keep back what authors got of it."""
    key = f"dispute:{dispute.pk}:withdrawn"
    if Journal.objects.filter(idem_key=key).exists() or (
        told.withdrawn <= 0 and not told.is_decided
    ):
        return
    legs = [cash.came_in(-dispute.amount), Leg(ledger.account(Kind.DISPUTES), -dispute.amount)]
    cash.post(key, "dispute", legs, source=dispute.pk)
    cash.post_fee(f"dispute:{dispute.pk}:fee", told.fees, source=dispute.pk)
    Dispute.objects.filter(pk=dispute.pk).update(fee=from_minor(told.fees, settings.CURRENCY))
    topup = dispute.topup
    if topup is None or topup.lot is None:
        return
    why = _("A payment of %(amount)s is disputed by the bank of its card.")
    freezing.freeze_for(topup.owner, why % {"amount": written(dispute.amount)})
    for author_id, share in traced(topup.lot).items():
        EarningHold.objects.get_or_create(
            dispute=dispute, author_id=author_id, defaults={"amount": share}
        )
        _tell_author(author_id, share, lambda: _("%(amount)s of your earnings are kept back"))


def _close(dispute: Dispute, *, is_won: bool) -> None:
    if is_won:
        legs = [cash.came_in(dispute.amount), Leg(ledger.account(Kind.DISPUTES), dispute.amount)]
        cash.post(f"dispute:{dispute.pk}:won", "dispute won", legs, source=dispute.pk)
    else:
        _lose(dispute)
    dispute.state = Dispute.State.WON if is_won else Dispute.State.LOST
    dispute.closed_at = timezone.now()
    dispute.save(update_fields=["state", "closed_at"])
    for hold in dispute.holds.filter(is_open=True):
        _tell_author(
            hold.author_id,
            hold.amount - hold.taken,
            lambda: _("%(amount)s of your earnings are free again"),
        )
    dispute.holds.update(is_open=False)
    if dispute.topup is not None:
        if not is_won:
            freezing.leave_to_staff(dispute.topup.owner)
        freezing.thaw_if_settled(dispute.topup.owner)


def _lose(dispute: Dispute) -> None:
    """Who bears it: the credit that is left, royalties that are still here, then the house."""
    topup = dispute.topup
    legs = [Leg(ledger.account(Kind.DISPUTES), dispute.amount)]
    rest = dispute.amount
    unspent = 0
    if topup is not None and topup.lot is not None:
        tax = min(rest, topup.tax * dispute.amount // (topup.amount + topup.tax))
        unspent = min(lots.refundable(topup.lot), rest - tax)
        rest -= tax + unspent
        legs.append(Leg(ledger.account(Kind.TAX_PAYABLE), -tax))
        for hold in dispute.holds.order_by("author_id"):
            taken = _taken_from(hold, rest)
            legs += taken
            hold.taken = -sum(leg.amount for leg in taken)
            hold.save(update_fields=["taken"])
            rest -= hold.taken
    legs.append(Leg(ledger.account(Kind.BAD_DEBT), -rest))
    legs = [leg for leg in legs if leg.amount]
    key = f"dispute:{dispute.pk}:lost"
    if unspent and topup is not None and topup.lot is not None:
        lots.withdraw(topup.lot, unspent, idem_key=key, kind="dispute lost", against=legs)
    else:
        ledger.post_journal(key, "dispute lost", legs, ref_type="stripe", ref_id=dispute.pk)


def _taken_from(hold: EarningHold, most: int) -> list[Leg]:
    """Take a royalty back as far as it has not been paid out: first what has not matured."""
    wanted, legs = min(hold.amount, most), []
    for kind in (Kind.AUTHOR_PENDING, Kind.AUTHOR_AVAILABLE):
        amount = min(wanted, max(0, ledger.balance(kind, hold.author_id)))
        if amount:
            legs.append(Leg(ledger.account(kind, hold.author_id), -amount))
            wanted -= amount
    return legs


def _usage_of(lot: Lot) -> list[Usage]:
    journals = Entry.objects.filter(lot=lot, amount__lt=0, journal__kind="calls").values(
        "journal_id"
    )
    return list(
        Usage.objects.filter(settled_in_id__in=journals, payer_id=lot.owner_id).order_by("at")
    )


def _tell_author(author_id: UUID, share: int, title: Callable[[], str]) -> None:
    if share > 0:
        notifications.tell(
            customers.people_of(author_id),
            kind="billing",
            title=lambda: title() % {"amount": written(share)},
            body=lambda: _("They come from a payment that the bank of its card has taken back."),
            url="/billing/get-paid/",
        )
