"""Where authors are paid: an account at Stripe Connect, which asks them who they are."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import customers
from billing.gateway import gateway
from billing.models import PayoutAccount
from billing.permissions import may_get_paid, may_see_earnings
from billing.stripe_facts import ConnectAccount, StripeRefused
from marketplace.accounts import audit, notifications
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib.errors import BadInput, Conflict


def begin(owner: Owner, *, by: Actor, country: str, back: str, again: str) -> str:
    """Give the address at which Stripe asks the author what it has to know."""
    by.require(may_get_paid, owner)
    account = _account_of(owner) or _open(owner, country, by)
    customers.require_same_mode(account.is_live, gateway())
    return gateway().onboarding_link(account.stripe_id, again=again, back=back)


def look(owner: Owner, *, by: Actor) -> PayoutAccount | None:
    """How far the author has come, asked at Stripe if it is not finished."""
    by.require(may_see_earnings, owner)
    account = _account_of(owner)
    if account is not None and not account.is_ready:
        note_account(account.stripe_id)
        account.refresh_from_db()
    return account


def dashboard(owner: Owner, *, by: Actor) -> str:
    """The address of Stripe's page on which the author sees what goes to their bank."""
    by.require(may_get_paid, owner)
    account = _account_of(owner)
    if account is None or not account.is_submitted:
        raise Conflict(_("First tell Stripe where you want to be paid."))
    return gateway().dashboard_link(account.stripe_id)


def note_account(stripe_id: str) -> None:
    """Take over what Stripe knows of an account now."""
    row = PayoutAccount.objects.filter(stripe_id=stripe_id).first()
    if row is None:
        return
    told = gateway().account(stripe_id)
    was_ready = row.is_ready
    _apply(row, told)
    if told.is_ready and not was_ready:
        notifications.tell(
            customers.people_of(row.owner_id),
            kind="billing",
            title=lambda: _("You can be paid now"),
            body=lambda: _("What you earn is transferred once it has matured."),
            url="/billing/get-paid/",
        )


def note_departure(stripe_id: str) -> None:
    """The author has cut the connection: nothing more is transferred there."""
    PayoutAccount.objects.filter(stripe_id=stripe_id).update(
        is_ready=False, closed_at=timezone.now()
    )


def _account_of(owner: Owner) -> PayoutAccount | None:
    return PayoutAccount.objects.filter(owner=owner, closed_at__isnull=True).first()


def _open(owner: Owner, country: str, by: Actor) -> PayoutAccount:
    if country not in settings.PAYOUT_COUNTRIES:
        listed = ", ".join(settings.PAYOUT_COUNTRIES)
        raise BadInput(
            _("Authors can be paid in these countries: %(listed)s.") % {"listed": listed}
        )
    number = PayoutAccount.objects.filter(owner=owner).count()
    try:
        told = gateway().open_account(
            email=customers.mail_address(owner),
            country=country,
            owner_id=str(owner.pk),
            key=f"acct:{owner.pk}:{country}:{number}",
        )
    except StripeRefused as refusal:
        raise Conflict(refusal.message) from refusal
    row, _made = PayoutAccount.objects.update_or_create(
        owner=owner,
        defaults={
            "stripe_id": told.id, "is_live": gateway().is_live, "country": country, "closed_at": None,
        },
    )  # fmt: skip
    _apply(row, told)
    audit.record(by, "began to get paid", owner, account=told.id)
    return row


def _apply(row: PayoutAccount, told: ConnectAccount) -> None:
    row.is_ready, row.is_submitted, row.wants = told.is_ready, told.is_submitted, told.wants
    row.save(update_fields=["is_ready", "is_submitted", "wants"])
