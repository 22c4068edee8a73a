"""Paying authors: who gets what is frozen in a run, then transferred line by line, each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import cash, customers, ledger, maturing
from billing.amounts import written
from billing.currencies import micro_per_minor, to_minor
from billing.gateway import gateway
from billing.ledger import Kind, Leg
from billing.models import Entry, Limit, PayoutAccount, PayoutLine, PayoutRun, StripeCustomer
from billing.permissions import may_get_paid, may_move_money
from billing.stripe_facts import StripeRefused, Transferred, Unreachable
from marketplace.accounts import audit, notifications
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib.errors import Conflict
from marketplace.lib.money import MICRO_PER_DOLLAR

State = PayoutLine.State
KEY_LIVES: Final = timedelta(hours=23)


@dataclass(frozen=True)
class Outlook:
    """What an author could be paid now, and why not more."""

    pending: int
    available: int
    in_transit: int
    kept_back: int
    reserve: int
    payable: int
    why_not: str
    next_run: datetime


def outlook(author_id: UUID) -> Outlook:
    """What stands where of an author's earnings; the same numbers that a run goes by."""
    available = ledger.balance(Kind.AUTHOR_AVAILABLE, author_id)
    held, reserve = maturing.kept_back(author_id), reserve_of(author_id)
    # Disputes keep back what has not matured first; what is left of them is kept back here.
    pending = ledger.balance(Kind.AUTHOR_PENDING, author_id)
    kept = max(0, held - pending)
    cent = micro_per_minor(settings.CURRENCY)
    payable = max(0, available - kept - reserve) // cent * cent
    account = PayoutAccount.objects.filter(owner_id=author_id, closed_at__isnull=True).first()
    least = settings.PAYOUT_MINIMUM * MICRO_PER_DOLLAR
    why = ""
    if _barred().filter(pk=author_id).exists():
        why = _("This account is suspended, and is paid nothing as long as it is.")
        because = _kept_back().filter(owner_id=author_id).first()
        if because is not None:
            why = _("Your payouts are kept back: %(why)s") % {"why": because.payouts_frozen_because}
    elif StripeCustomer.objects.exclude(is_live=gateway().is_live).exists():
        why = _("These books have seen both real and test money, so nobody is paid out of them.")
    elif account is None:
        why = _("Say first where you want to be paid.")
    elif not account.is_ready:
        why = _("Stripe needs to know more about you first.")
    elif available < 0:
        why = _("More was paid out than you have earned; it is made up for first.")
    elif payable < least:
        why = _("Less than %(least)s waits until it is more.") % {"least": written(least)}
    now = timezone.now().astimezone(UTC)
    following = (now.replace(day=1) + timedelta(days=32)).replace(day=1)
    return Outlook(
        pending, available, ledger.balance(Kind.AUTHOR_IN_TRANSIT, author_id), held, reserve,
        0 if why else payable, why, following.replace(hour=0, minute=0, second=0, microsecond=0),
    )  # fmt: skip


def reserve_of(author_id: UUID) -> int:
    """What stays back for disputes while an author is new here: a part of what came lately."""
    since = timezone.now() - timedelta(days=settings.PAYOUT_RESERVE_DAYS)
    earned = Entry.objects.filter(
        account__owner_id=author_id, account__kind=Kind.AUTHOR_PENDING, amount__gt=0
    )
    if earned.filter(journal__effective_at__lt=since).exists():
        return 0
    lately: int = earned.aggregate(total=Sum("amount"))["total"] or 0
    kept: int = lately * settings.PAYOUT_RESERVE_BPS // 10_000
    return kept


@shared_task(name="billing.payouts.pay_monthly")
def pay_monthly() -> int:
    """Begin the month's run if it has not been begun, and go on with whatever is unfinished."""
    if not gateway().is_there:
        return 0
    name = f"{timezone.now().astimezone(UTC):%Y-%m}"
    if not PayoutRun.objects.filter(name=name).exists():
        maturing.mature()
        freeze(name)
    return go_on()


def run(name: str, *, by: Actor) -> PayoutRun:
    """Pay everybody now, out of turn."""
    by.require(may_move_money, name)
    maturing.mature()
    made = freeze(name, user_id=by.user_id)
    audit.record(by, "ran payouts", name)
    go_on()
    return made


def cash_out(owner: Owner, *, by: Actor) -> PayoutLine:
    """Pay one author now; once a month, besides the run of the month."""
    by.require(may_get_paid, owner)
    view = outlook(owner.pk)
    if view.why_not:
        raise Conflict(view.why_not)
    name = f"{timezone.now().astimezone(UTC):%Y-%m}:{owner.name}"
    if PayoutRun.objects.filter(name=name).exists():
        raise Conflict(_("You have been paid out of turn this month already."))
    freeze(name, [owner.pk], user_id=by.user_id)
    audit.record(by, "asked to be paid", owner)
    go_on()
    line = PayoutLine.objects.filter(run__name=name).first()
    if line is None:
        raise Conflict(_("A payout of yours is on its way already."))
    return line


def freeze(
    name: str, authors: Sequence[UUID] | None = None, *, user_id: int | None = None
) -> PayoutRun:
    """Write down who gets what, and set it aside; called twice, it adds nothing."""
    wanted = PayoutAccount.objects.filter(is_ready=True, closed_at__isnull=True)
    if authors is not None:
        wanted = wanted.filter(owner_id__in=authors)
    made, _new = PayoutRun.objects.get_or_create(name=name, defaults={"user_id": user_id})
    for account in wanted.order_by("owner_id"):
        _freeze_line(made, account)
    return made


def _freeze_line(run: PayoutRun, account: PayoutAccount) -> PayoutLine | None:
    try:
        with transaction.atomic():
            # One at a time: a second run must see what the first has set aside.
            PayoutAccount.objects.select_for_update().get(pk=account.pk)
            view = outlook(account.owner_id)
            known = PayoutLine.objects.filter(run=run, author_id=account.owner_id)
            if view.why_not or known.exists():
                return None
            line = PayoutLine.objects.create(
                run=run, author_id=account.owner_id, destination=account.stripe_id,
                amount=view.payable, balance_before=view.available, reserve=view.reserve,
            )  # fmt: skip
            legs = [
                Leg(ledger.account(Kind.AUTHOR_AVAILABLE, account.owner_id), -view.payable),
                Leg(ledger.account(Kind.AUTHOR_IN_TRANSIT, account.owner_id), view.payable),
            ]
            ledger.post_journal(
                f"payout:{line.pk}", "payout", legs, ref_type="payout", ref_id=str(line.pk)
            )
    except IntegrityError:
        return None  # a payout of theirs is on its way
    return line


@shared_task(name="billing.payouts.go_on")
def go_on() -> int:
    """Transfer every line that is frozen or was refused for now; give how many were paid.

    Those of suspended accounts, and of authors whom staff do not pay, stay where they are.
    """
    open_lines = PayoutLine.objects.filter(state__in=[State.FROZEN, State.WAITING])
    due = open_lines.exclude(author__in=_barred().values("pk"))
    paid = sum(transfer(line).state == State.PAID for line in due.order_by("pk"))
    finished = PayoutRun.objects.filter(finished_at__isnull=True)
    finished.exclude(lines__state__in=[State.FROZEN, State.WAITING]).update(
        finished_at=timezone.now()
    )
    return paid


def transfer(line: PayoutLine) -> PayoutLine:
    """Send one line to Stripe. Its key changes only after a definite refusal."""
    first = line.first_tried_at or timezone.now()
    PayoutLine.objects.filter(pk=line.pk, first_tried_at__isnull=True).update(first_tried_at=first)
    stripe = gateway()
    try:
        known = _made_before(line) if timezone.now() - first > KEY_LIVES else None
        done = known or stripe.transfer(
            to_minor(line.amount, settings.CURRENCY),
            destination=line.destination,
            group=group_of(line),
            metadata={"payout_line": str(line.pk)},
            key=f"payout:{line.pk}:{line.attempt}",
        )
    except Unreachable as error:
        return _note(line, error.message)
    except StripeRefused as refusal:
        return _wait(line, refusal)
    return settle(line, done)


def settle(line: PayoutLine, done: Transferred) -> PayoutLine:
    """Book that the money has left, once."""
    with transaction.atomic():
        line = PayoutLine.objects.select_for_update().get(pk=line.pk)
        if line.state not in (State.FROZEN, State.WAITING):
            return line
        legs = [
            Leg(ledger.account(Kind.AUTHOR_IN_TRANSIT, line.author_id), -line.amount),
            cash.came_in(-line.amount),
        ]
        cash.post(f"payout:{line.pk}:paid", "payout paid", legs, source=done.id)
        line.state, line.transfer_id, line.paid_at = State.PAID, done.id, timezone.now()
        line.last_error = ""
        line.save()
        notifications.tell(
            customers.people_of(line.author_id),
            kind="billing",
            title=lambda: (
                _("%(amount)s is on its way to your bank") % {"amount": written(line.amount)}
            ),
            body=lambda: _("The statement says what it is for."),
            url=f"/billing/payouts/{line.pk}/",
        )
    return line


def note_transfer(transfer_id: str) -> None:
    """A transfer was made, or taken back on Stripe's pages."""
    told = gateway().transfer_made(transfer_id)
    line = PayoutLine.objects.filter(pk=_number(told.metadata.get("payout_line"))).first()
    if line is None:
        return
    settle(line, told)
    if told.reversed:
        _take_back(line, told)


def _barred() -> QuerySet[Owner]:
    """Whom moderators have suspended, before they were closed or not, and whom staff do not pay.

    What an account has earned that was closed in good standing is still owed to it.
    """
    suspended = Q(is_suspended=True) & (Q(closed_at__isnull=True) | Q(was_suspended=True))
    return Owner.objects.filter(suspended | Q(pk__in=_kept_back().values("owner")))


def _kept_back() -> QuerySet[Limit]:
    return Limit.objects.filter(kind=Limit.Kind.WALLET).exclude(payouts_frozen_because="")


def group_of(line: PayoutLine) -> str:
    return f"payout:{line.run_id}"


def _made_before(line: PayoutLine) -> Transferred | None:
    """After a day the key means nothing any more: look whether the transfer was made."""
    for one in gateway().transfers_of(group_of(line)):
        if one.metadata.get("payout_line") == str(line.pk):
            return one
    PayoutLine.objects.filter(pk=line.pk).update(first_tried_at=timezone.now())
    return None


def _note(line: PayoutLine, why: str) -> PayoutLine:
    PayoutLine.objects.filter(pk=line.pk).update(last_error=why[:300])
    line.refresh_from_db()
    return line


def _wait(line: PayoutLine, refusal: StripeRefused) -> PayoutLine:
    """Nothing was moved, for certain: the next attempt is another request."""
    PayoutLine.objects.filter(pk=line.pk, attempt=line.attempt).update(
        state=State.WAITING,
        attempt=line.attempt + 1,
        first_tried_at=None,
        last_error=refusal.message[:300],
    )
    line.refresh_from_db()
    return line


def _take_back(line: PayoutLine, told: Transferred) -> None:
    """What was reversed of a transfer is with the author's earnings again."""
    cent = micro_per_minor(settings.CURRENCY)
    with transaction.atomic():
        line = PayoutLine.objects.select_for_update().get(pk=line.pk)
        for reversal_id, cents in told.reversals:
            legs = [
                cash.came_in(cents * cent),
                Leg(ledger.account(Kind.AUTHOR_AVAILABLE, line.author_id), cents * cent),
            ]
            key = f"payout:{line.pk}:returned:{reversal_id}"
            cash.post(key, "payout returned", legs, source=reversal_id)
        if told.reversed >= told.amount:
            line.state = State.RETURNED
            line.save(update_fields=["state"])


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() else 0
