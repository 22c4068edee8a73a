"""Freezing accounts: what they may spend, and what authors are paid; by staff or by what happens.

A disputed payment or an unpaid invoice freezes an account by itself, and its end thaws it; what
staff have frozen, and what was lost in a dispute, only staff thaw.
"""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from billing import customers, ledger
from billing.models import Dispute, Limit, PostPaid, StripeInvoice
from billing.permissions import may_move_money
from marketplace.accounts import audit, notifications
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib.errors import BadInput


def freeze(owner: Owner, why: str, *, by: Actor) -> None:
    """Let an account spend nothing until staff say otherwise."""
    by.require(may_move_money, owner)
    _set_frozen(owner, _reason(why), is_by_staff=True)
    audit.record(by, "froze the account", owner, why=why[:200])


def thaw(owner: Owner, *, by: Actor) -> None:
    """Let it spend again, whoever has frozen it."""
    by.require(may_move_money, owner)
    _set_frozen(owner, "", is_by_staff=False)
    audit.record(by, "unfroze the account", owner)


def freeze_payouts(owner: Owner, why: str, *, by: Actor) -> None:
    """Pay an author nothing until staff say otherwise; what they earn goes on to be booked."""
    by.require(may_move_money, owner)
    _set_payouts(owner, _reason(why))
    audit.record(by, "froze payouts", owner, why=why[:200])


def thaw_payouts(owner: Owner, *, by: Actor) -> None:
    by.require(may_move_money, owner)
    _set_payouts(owner, "")
    audit.record(by, "let payouts go on", owner)


def freeze_for(owner: Owner, why: str) -> None:
    """Freeze for what has happened; a freeze that is there already stays as it is."""
    with transaction.atomic():
        if not _wallet(owner).frozen_because:
            _set_frozen(owner, why, is_by_staff=False)


def thaw_if_settled(owner: Owner) -> None:
    """Thaw what has frozen by itself, once no payment is disputed and no invoice unpaid."""
    with transaction.atomic():
        wallet = _wallet(owner)
        is_disputed = Dispute.objects.filter(topup__owner=owner, state=Dispute.State.OPEN).exists()
        if wallet.frozen_because and not (wallet.is_frozen_by_staff or is_disputed or _owes(owner)):
            _set_frozen(owner, "", is_by_staff=False)


def leave_to_staff(owner: Owner) -> None:
    """A freeze that nothing but staff's word ends any more: a dispute was lost."""
    rows = Limit.objects.filter(kind=Limit.Kind.WALLET, owner=owner)
    rows.exclude(frozen_because="").update(is_frozen_by_staff=True)


def _owes(owner: Owner) -> bool:
    """Also when the subscription has ended meanwhile: what was written off is still owed."""
    unpaid = PostPaid.objects.filter(owner=owner, state=PostPaid.State.UNPAID)
    lost = StripeInvoice.objects.filter(owner=owner, status="uncollectible")
    return unpaid.exists() or lost.exists()


def _wallet(owner: Owner) -> Limit:
    ledger.wallets([owner.pk])
    return Limit.objects.select_for_update().get(kind=Limit.Kind.WALLET, owner=owner)


def _reason(why: str) -> str:
    if not why.strip():
        raise BadInput(_("Say why; the account's people read it."))
    return why.strip()[:200]


def _set_frozen(owner: Owner, why: str, *, is_by_staff: bool) -> None:
    with transaction.atomic():
        wallet = _wallet(owner)
        before = wallet.frozen_because
        wallet.frozen_because, wallet.is_frozen_by_staff = why[:200], is_by_staff
        wallet.save(update_fields=["frozen_because", "is_frozen_by_staff"])
        if before == wallet.frozen_because:
            return
        notifications.tell(
            customers.people_of(owner.pk),
            kind="billing",
            title=lambda: (
                _("Your account is frozen") if why else _("Your account can be used again")
            ),
            body=why,
            url="/billing/top-up/",
        )


def _set_payouts(owner: Owner, why: str) -> None:
    with transaction.atomic():
        wallet = _wallet(owner)
        if wallet.payouts_frozen_because == why:
            return
        wallet.payouts_frozen_because = why
        wallet.save(update_fields=["payouts_frozen_because"])
        notifications.tell(
            customers.people_of(owner.pk),
            kind="billing",
            title=lambda: _("Your payouts are kept back") if why else _("Your payouts go on"),
            body=why,
            url="/billing/get-paid/",
        )
