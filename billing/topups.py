"""Credit that is bought on Stripe's page: asked for here, credited when it is paid, once."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import cash, customers, ledger, lots
from billing.amounts import written
from billing.currencies import from_minor, micro_per_minor, to_minor
from billing.gateway import gateway
from billing.ledger import Kind, Leg
from billing.models import Journal, Limit, Lot, TopUp
from billing.permissions import may_buy_credit
from billing.stripe_facts import Charge, Payment, Session
from billing.stripe_paying import Basket
from marketplace.accounts import notifications
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib.errors import BadInput, Conflict, NotFound
from marketplace.lib.money import MICRO_PER_DOLLAR

PAGE_SECONDS: Final = 2 * 3600
"""How long somebody may take on Stripe's page."""


def start(owner: Owner, micro: int, *, by: Actor, back: str, cancel: str) -> Session:
    """Prepare Stripe's page for buying so much credit; nothing is charged before it is paid there."""
    by.require(may_buy_credit, owner)
    check_amount(micro)
    require_open(owner)
    customer = customers.customer_of(owner)
    topup = TopUp.objects.create(
        owner=owner, user_id=by.user_id, way=TopUp.Way.CHECKOUT, amount=micro
    )
    basket = Basket(
        str(topup.pk),
        _("Credit for %(owner)s at %(site)s") % {"owner": owner.name, "site": settings.SITE_NAME},
        to_minor(micro, settings.CURRENCY),
        settings.CURRENCY,
    )
    session = gateway().open_checkout(
        basket,
        customer=customer.stripe_id,
        back=back,
        cancel=cancel,
        expires_at=int(time.time()) + PAGE_SECONDS,
    )
    TopUp.objects.filter(pk=topup.pk).update(session_id=session.id)
    return session


def check_amount(micro: int) -> None:
    """An amount that can be bought: whole cents, between what the site allows."""
    least, most = (
        settings.TOP_UP_MINIMUM * MICRO_PER_DOLLAR,
        settings.TOP_UP_MAXIMUM * MICRO_PER_DOLLAR,
    )
    if not least <= micro <= most:
        raise BadInput(
            _("Buy at least %(least)s and at most %(most)s at a time.")
            % {"least": written(least), "most": written(most)}
        )
    if micro % micro_per_minor(settings.CURRENCY):
        raise BadInput(_("An amount is paid in whole cents."))


def require_open(owner: Owner) -> None:
    """Take no money from somebody who could not spend it."""
    if owner.closed_at is not None or owner.is_suspended:
        raise Conflict(_("This account is closed or suspended, and can buy no credit."))
    frozen = Limit.objects.filter(kind=Limit.Kind.WALLET, owner=owner).exclude(frozen_because="")
    if frozen.exists():
        raise Conflict(
            _("This account is frozen, and can buy no credit: %(why)s")
            % {"why": frozen[0].frozen_because}
        )


def arrived(session_id: str, *, by: Actor) -> TopUp:
    """What came of a top-up, for who returns from Stripe's page before Stripe has told us."""
    topup = TopUp.objects.filter(session_id=session_id).select_related("owner").first()
    if topup is None:
        raise NotFound(_("There is no such top-up."))
    by.require(may_buy_credit, topup.owner)
    return fulfil(session_id) or topup


def fulfil(session_id: str) -> TopUp | None:
    """Look at Stripe what became of a page, and credit what is paid; safe to repeat at any time."""
    if not session_id:  # Stripe would answer with a list of every page
        raise NotFound(_("There is no such top-up."))
    session = gateway().session(session_id)
    if session.mode == "setup":
        customers.keep_card(session.customer, session.method_id)
        return None
    topup = TopUp.objects.filter(session_id=session.id).first() or _by_reference(session.reference)
    if topup is None:
        return None  # somebody else's page in the same Stripe account
    if session.is_paid and session.payment is not None and session.payment.charge is not None:
        customers.keep_card(session.customer, session.method_id)
        return _credit_session(topup, session, session.payment.charge)
    if session.status == "expired":
        return _end(topup, TopUp.State.EXPIRED, "")
    if session.status == "complete" and session.payment is not None and session.payment.refusal:
        return _end(topup, TopUp.State.FAILED, session.payment.refusal)
    return topup


def note_payment(payment_id: str) -> TopUp | None:
    """A payment has changed: it may be a page's or a recharge's, and is credited as the same fact."""
    payment = gateway().payment(payment_id)
    topup = _by_reference(payment.metadata.get("topup_id", ""))
    if topup is None:
        return None
    if topup.way == TopUp.Way.CHECKOUT:
        return fulfil(topup.session_id) if topup.session_id else topup
    if payment.status == "succeeded" and payment.charge is not None:
        return credit_payment(topup, payment)
    return topup


def credit_payment(topup: TopUp, payment: Payment) -> TopUp:
    """Credit what was charged to a saved card."""
    assert payment.charge is not None  # noqa: S101 - the caller has looked
    gross = from_minor(payment.charge.amount, settings.CURRENCY)
    return _credit(topup, payment.charge, key=f"topup:{payment.id}", gross=gross, tax=0)


def note_charge(charge_id: str) -> None:
    """Book Stripe's fee where it was not known yet when the payment was credited."""
    charge = gateway().charge(charge_id)
    topup = TopUp.objects.filter(charge_id=charge_id, state=TopUp.State.PAID).first()
    if topup is not None and charge.movement is not None:
        _book_fee(topup, charge)


def _credit_session(topup: TopUp, session: Session, charge: Charge) -> TopUp:
    TopUp.objects.filter(pk=topup.pk).update(
        session_id=session.id, invoice_id=session.invoice_id, invoice_url=session.invoice_url
    )
    gross = from_minor(session.total, settings.CURRENCY)
    tax = from_minor(session.tax, settings.CURRENCY)
    return _credit(topup, charge, key=f"topup:{session.id}", gross=gross, tax=tax)


def _credit(topup: TopUp, charge: Charge, *, key: str, gross: int, tax: int) -> TopUp:
    """Give the credit and book the cash, in one transaction and once."""
    if charge.currency != settings.CURRENCY:
        raise Conflict(
            f"{charge.id} is in {charge.currency}, and the books in {settings.CURRENCY}."
        )
    with transaction.atomic():
        topup = TopUp.objects.select_for_update().get(pk=topup.pk)
        if topup.state == TopUp.State.PAID:
            return topup
        against = [cash.came_in(gross)]
        if tax:
            against.append(Leg(ledger.account(Kind.TAX_PAYABLE), tax))
        days = settings.CREDIT_DAYS
        topup.lot = lots.open_lot(
            topup.owner_id,
            gross - tax,
            idem_key=key,
            source=Lot.Source.TOPUP,
            kind="topup",
            against=against,
            expires_at=timezone.now() + timedelta(days=days) if days else None,
            note=f"Bought with {charge.card_label}",
            stripe_ref=charge.id,
        )
        cash.note(Journal.objects.get(idem_key=key), charge.id)
        topup.state, topup.paid_at = TopUp.State.PAID, timezone.now()
        topup.amount, topup.tax = gross - tax, tax
        topup.payment_id, topup.charge_id = charge.payment_id, charge.id
        topup.card_fingerprint, topup.refusal = charge.fingerprint, ""
        topup.save()
        _book_fee(topup, charge)
        _tell_paid(topup)
    return topup


def _book_fee(topup: TopUp, charge: Charge) -> None:
    if charge.movement is None or not charge.movement.fee:
        return
    cash.post_fee(f"fee:{charge.movement.id}", charge.movement.fee, source=charge.id)
    fee = from_minor(charge.movement.fee, settings.CURRENCY)
    TopUp.objects.filter(pk=topup.pk).update(fee=fee)


def _tell_paid(topup: TopUp) -> None:
    notifications.tell(
        customers.people_of(topup.owner_id),
        kind="billing",
        title=lambda: _("%(amount)s of credit arrived") % {"amount": written(topup.amount)},
        body=lambda: _("It can be used at once. The invoice is on the billing page."),
        url="/billing/top-up/",
    )


def _end(topup: TopUp, state: TopUp.State, why: str) -> TopUp:
    TopUp.objects.waiting().filter(pk=topup.pk).update(state=state, refusal=why[:200])
    topup.refresh_from_db()
    return topup


def _by_reference(reference: str) -> TopUp | None:
    try:
        return TopUp.objects.filter(pk=UUID(reference)).first()
    except (ValueError, ValidationError):
        return None
