"""Giving back what a call has cost: to its payer and their budgets, out of what it brought others."""

from __future__ import annotations

from uuid import UUID

from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.utils import timezone

from billing import ledger, receipts
from billing.ledger import Kind, Leg
from billing.models import Journal, Limit, Lot, Objection, Usage


def give_back(usage: Usage, *, receipt_id: UUID, reason: str) -> Journal:
    """Undo the charge of a settled call once, with a receipt of its own; in a transaction.

    The budgets whose window still runs have the amount again.
    """
    charged = Q(pk__in=usage.limit_ids) | Q(kind=Limit.Kind.WALLET, owner_id=usage.payer_id)
    limits = list(Limit.objects.filter(charged).select_for_update().order_by("pk"))
    journal = ledger.post_journal(
        f"reverse:{usage.pk}",
        "call given back",
        _legs(usage),
        reverses=usage.settled_in,
        ref_type="call",
        ref_id=str(usage.pk),
    )
    now = timezone.now()
    windows = [
        limit.pk
        for limit in limits
        if limit.kind == Limit.Kind.WINDOW and (limit.ends_at is None or limit.ends_at > now)
    ]
    Limit.objects.filter(pk__in=windows).update(
        spent=Greatest(F("spent") - (usage.total - usage.lost), 0)
    )
    document = receipts.of_refund(receipt_id, usage, booked_at=journal.effective_at, reason=reason)
    receipts.append([(usage.payer, document)])
    return journal


def give_back_unasked(usage: Usage, *, reason: str) -> bool:
    """Undo a charge that the house itself finds wrong; False if that was decided before.

    It stands among the objections as one that was accepted. In a transaction.
    """
    made, is_new = Objection.objects.get_or_create(
        usage=usage,
        defaults={
            "payer": usage.payer,
            "reason": reason,
            "state": Objection.State.ACCEPTED,
            "decided_at": timezone.now(),
        },
    )
    if is_new:
        give_back(usage, receipt_id=made.pk, reason=reason)
    return is_new


def _legs(usage: Usage) -> list[Leg]:
    """The mirror image of what the call was booked as.

    What was put on a later invoice comes back as credit, since that invoice is Stripe's to
    make. An author who has been paid meanwhile makes up for it with what they earn next.
    """
    credit = usage.total - usage.promo - usage.lost
    pending = min(usage.author_share, max(0, ledger.balance(Kind.AUTHOR_PENDING, usage.author_id)))
    legs = [
        (Kind.COMPUTE_REVENUE, None, -usage.compute, None),
        (Kind.PLATFORM_FEE, None, usage.author_share - usage.royalty, None),
        (Kind.AUTHOR_PENDING, usage.author_id, -pending, None),
        (Kind.AUTHOR_AVAILABLE, usage.author_id, pending - usage.author_share, None),
        (Kind.BAD_DEBT, None, usage.lost, None),
        (Kind.CUSTOMER_PAID, usage.payer_id, credit, _lot(usage, credit, is_promo=False)),
        (Kind.CUSTOMER_PROMO, usage.payer_id, usage.promo, _lot(usage, usage.promo, is_promo=True)),
    ]
    return [
        Leg(ledger.account(kind, owner_id), amount, lot)
        for kind, owner_id, amount, lot in legs
        if amount
    ]


def _lot(usage: Usage, amount: int, *, is_promo: bool) -> Lot | None:
    if not amount:
        return None
    return Lot.objects.create(
        owner_id=usage.payer_id,
        idem_key=f"reverse:{usage.pk}:{'gift' if is_promo else 'credit'}",
        source=Lot.Source.REFUND,
        is_promo=is_promo,
        original=amount,
        remaining=amount,
        note=f"For {usage.path} of {usage.at:%Y-%m-%d %H:%M}"[:200],
    )
