"""Credit that is given: by staff, and a little to everybody each month if the operator likes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import ledger, lots
from billing.ledger import Kind, Leg
from billing.models import Limit, Lot
from billing.permissions import may_grant_credit
from marketplace.accounts import audit
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib.errors import BadInput
from marketplace.lib.money import format_dollars

MICRO_PER_CREDIT: Final = 100


def grant(  # noqa: PLR0913 - each is a field of the form
    owner: Owner,
    micro: int,
    *,
    by: Actor,
    idem_key: str,
    is_promo: bool = True,
    expires_at: datetime | None = None,
    note: str = "",
) -> Lot:
    """Give an owner credit, once for each key.

    A gift earns authors nothing that they could be paid; `is_promo=False` is for credit that
    was paid for by other ways than the site's own, such as an invoice.
    """
    by.require(may_grant_credit, owner)
    if owner.closed_at is not None:
        raise BadInput(_("%(owner)s is closed, and can use no credit.") % {"owner": owner})
    if expires_at is not None and expires_at <= timezone.now():
        raise BadInput(_("Credit cannot expire in the past."))
    with transaction.atomic():
        lot = post(
            owner.pk,
            micro,
            idem_key=f"grant:{idem_key}",
            is_promo=is_promo,
            expires_at=expires_at,
            note=note,
        )
        audit.record(by, "granted credit", owner, amount=format_dollars(micro), note=note[:200])
    return lot


def post(  # noqa: PLR0913 - each is a column
    owner_id: UUID,
    micro: int,
    *,
    idem_key: str,
    is_promo: bool,
    source: Lot.Source = Lot.Source.GRANT,
    expires_at: datetime | None = None,
    note: str = "",
) -> Lot:
    """Book a gift, which the house pays for; asks nobody whether it may."""
    return lots.open_lot(
        owner_id,
        micro,
        idem_key=idem_key,
        source=source,
        kind="grant",
        against=[Leg(ledger.account(Kind.PROMO_EXPENSE), -micro)],
        is_promo=is_promo,
        expires_at=expires_at,
        note=note,
    )


def owes_monthly(wallet: Limit | None, now: datetime) -> bool:
    """Whether the free credit of this month is still to come."""
    gives = settings.FREE_CREDITS_PER_MONTH > 0
    return gives and (wallet is None or wallet.granted_for != _month(now))


def wallet_of(owner_id: UUID) -> Limit | None:
    """The wallet with the free credit of this month, which is given when it is first asked for."""
    rows = Limit.objects.filter(kind=Limit.Kind.WALLET, owner_id=owner_id)
    wallet, now = rows.first(), timezone.now()
    if not owes_monthly(wallet, now):
        return wallet
    with transaction.atomic():
        ledger.wallets([owner_id])
    give_monthly(owner_id, now)
    return rows.first()


def give_monthly(owner_id: UUID, now: datetime) -> None:
    """Give an owner the free credit of this month, unless they have had it."""
    micro = settings.FREE_CREDITS_PER_MONTH * MICRO_PER_CREDIT
    month = _month(now)
    with transaction.atomic():
        if micro > 0:
            first = datetime(month.year, month.month, 1, tzinfo=UTC)
            post(
                owner_id,
                micro,
                idem_key=f"monthly:{month:%Y-%m}:{owner_id}",
                is_promo=True,
                source=Lot.Source.MONTHLY,
                expires_at=(first + timedelta(days=32)).replace(day=1),
                note=f"Free credit of {month:%B %Y}",
            )
        Limit.objects.filter(kind=Limit.Kind.WALLET, owner_id=owner_id).update(granted_for=month)


def _month(now: datetime) -> date:
    return now.astimezone(UTC).date().replace(day=1)
