"""Giving bought credit back to the card it came from: only what has not been spent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from billing import cash, customers, ledger, lots
from billing.amounts import written
from billing.currencies import from_minor, micro_per_minor, to_minor
from billing.gateway import gateway
from billing.ledger import Kind, Leg
from billing.models import Journal, Lot, Refund, TopUp
from billing.permissions import may_move_money
from billing.stripe_facts import Refunded, StripeRefused, Unreachable
from marketplace.accounts import audit, notifications
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import BadInput, Conflict
from marketplace.lib.money import format_dollars

_FAILED: Final = ("failed", "canceled")


def refund(topup: TopUp, *, by: Actor, micro: int | None = None, reason: str = "") -> Refund:
    """Take unspent credit of a top-up out of the account, then give the money back.

    The credit goes first, so that it cannot be spent while Stripe works; if Stripe refuses, it
    is back at once.
    """
    by.require(may_move_money, topup)
    with transaction.atomic():
        topup = TopUp.objects.select_for_update().get(pk=topup.pk)
        if topup.lot is None:
            raise Conflict(_("This top-up was never paid, so there is nothing to give back."))
        cent = micro_per_minor(settings.CURRENCY)
        most = lots.refundable(topup.lot) // cent * cent
        amount = most if micro is None else micro
        if amount <= 0 or amount > most or amount % cent:
            raise BadInput(
                _("Of this top-up %(most)s can be given back, in whole cents: the rest is spent.")
                % {"most": written(most)}
            )
        made = Refund.objects.create(
            topup=topup,
            amount=amount,
            tax=_tax_of(topup, amount),
            reason=reason[:200],
            user_id=by.user_id,
        )
        _take(made, topup.lot)
        audit.record(
            by, "refunded", topup.owner, amount=format_dollars(amount), reason=reason[:200]
        )
    return send(made)


def send(made: Refund) -> Refund:
    """Ask Stripe for it, under a key of its own: however often, it is given back once."""
    cents = to_minor(made.amount + made.tax, settings.CURRENCY)
    try:
        answer = gateway().refund(
            made.topup.charge_id,
            cents,
            metadata={"refund_id": str(made.pk)},
            key=f"refund:{made.pk}",
        )
    except Unreachable:
        return made
    except StripeRefused as refusal:
        return _undo(made, refusal.message)
    return _settle(made, answer)


@shared_task(name="billing.refunding.resend")
def resend() -> int:
    """Ask again about refunds whose answer was lost: first whether they were made."""
    waiting = list(Refund.objects.filter(state=Refund.State.SENDING).select_related("topup"))
    for made in waiting:
        known = {
            one.metadata.get("refund_id"): one for one in gateway().refunds_of(made.topup.charge_id)
        }
        answer = known.get(str(made.pk))
        if answer is not None:
            _settle(made, answer)
        else:
            send(made)
    return len(waiting)


def note_refund(refund_id: str) -> None:
    """Stripe tells of a refund: one of ours, or one that somebody made on Stripe's pages."""
    answer = gateway().refund_made(refund_id)
    made = _ours(answer)
    if made is not None:
        _settle(made, answer)
        return
    topup = TopUp.objects.filter(charge_id=answer.charge_id).select_related("lot").first()
    if topup is not None and topup.lot is not None:
        _note_foreign(topup, topup.lot, answer)


def note_charge(charge_id: str) -> None:
    """A charge was refunded: look at each of its refunds."""
    for answer in gateway().refunds_of(charge_id):
        note_refund(answer.id)


def _ours(answer: Refunded) -> Refund | None:
    reference = answer.metadata.get("refund_id", "")
    rows = Refund.objects.select_related("topup__lot")
    found = rows.filter(stripe_id=answer.id).first()
    if found is None and reference:
        found = rows.filter(pk=reference, topup__charge_id=answer.charge_id).first()
    return found


def _take(made: Refund, lot: Lot) -> Journal:
    against = [cash.came_in(-(made.amount + made.tax))]
    if made.tax:
        against.append(Leg(ledger.account(Kind.TAX_PAYABLE), -made.tax))
    return lots.withdraw(
        lot, made.amount, idem_key=f"refund:{made.pk}", kind="refund", against=against
    )


def _settle(made: Refund, answer: Refunded) -> Refund:
    if answer.status in _FAILED:
        return _undo(made, _("The card's bank did not take it."), answer.id)
    with transaction.atomic():
        made = Refund.objects.select_for_update().get(pk=made.pk)
        if made.state == Refund.State.SENDING:
            made.state, made.stripe_id = Refund.State.DONE, answer.id
            made.save(update_fields=["state", "stripe_id"])
            cash.note(Journal.objects.get(idem_key=f"refund:{made.pk}"), answer.id)
            _tell(made, lambda: _("%(amount)s goes back to your card"))
    return made


def _undo(made: Refund, why: str, stripe_id: str = "") -> Refund:
    with transaction.atomic():
        made = Refund.objects.select_for_update().select_related("topup").get(pk=made.pk)
        if made.state == Refund.State.REFUSED or made.topup.lot is None:
            return made
        journal = Journal.objects.get(idem_key=f"refund:{made.pk}")
        back = lots.put_back(
            made.topup.lot, journal, idem_key=f"refund:{made.pk}:undone", kind="refund refused"
        )
        for one in (journal, back):
            cash.note(one, stripe_id or f"refund:{made.pk}")
        made.state, made.reason = Refund.State.REFUSED, why[:200]
        made.stripe_id = stripe_id or made.stripe_id
        made.save(update_fields=["state", "reason", "stripe_id"])
        _tell(made, lambda: _("%(amount)s could not be refunded, and is credit again"))
    return made


def _note_foreign(topup: TopUp, lot: Lot, answer: Refunded) -> None:
    """Somebody refunded on Stripe's own pages: take what is unspent, and bear the rest."""
    if answer.status in _FAILED or Journal.objects.filter(idem_key=f"refund:{answer.id}").exists():
        return
    gross = from_minor(answer.amount, settings.CURRENCY)
    paid = topup.amount + topup.tax
    tax = gross * topup.tax // paid if topup.tax else 0
    taken = min(lots.refundable(lot), gross - tax)
    legs = [
        cash.came_in(-gross),
        Leg(ledger.account(Kind.TAX_PAYABLE), -tax),
        Leg(ledger.account(Kind.BAD_DEBT), -(gross - tax - taken)),
    ]
    against = [leg for leg in legs if leg.amount]
    key = f"refund:{answer.id}"
    if taken:
        journal = lots.withdraw(lot, taken, idem_key=key, kind="refund", against=against)
        cash.note(journal, answer.id)
    else:
        cash.post(key, "refund", against, source=answer.id)


def _tax_of(topup: TopUp, amount: int) -> int:
    """The tax that goes back with a part of a top-up, in whole cents."""
    if not topup.tax:
        return 0
    cent = micro_per_minor(settings.CURRENCY)
    before = sum(one.tax for one in topup.refunds.exclude(state=Refund.State.REFUSED))
    given = sum(one.amount for one in topup.refunds.exclude(state=Refund.State.REFUSED))
    due = topup.tax * (given + amount) // topup.amount // cent * cent
    return max(0, due - before)


def _tell(made: Refund, title: Callable[[], str]) -> None:
    notifications.tell(
        customers.people_of(made.topup.owner_id),
        kind="billing",
        title=lambda: title() % {"amount": written(made.amount + made.tax)},
        body=made.reason,
        url="/billing/top-up/",
    )
