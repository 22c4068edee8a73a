"""Do the books say what Stripe says? Compared daily and on demand; what does not agree is kept and shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from celery import shared_task
from django.conf import settings
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import ledger, metering, payouts, sweeping, webhooks
from billing.currencies import from_minor, micro_per_minor
from billing.gateway import gateway
from billing.ledger import Kind
from billing.models import (
    CashMove,
    Finding,
    MeterExport,
    PayoutLine,
    PayoutRun,
    PostPaid,
    ReconciliationRun,
    StripeEvent,
)
from billing.permissions import may_move_money
from marketplace.accounts import audit, notifications
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import User
from marketplace.lib.money import format_dollars

WINDOW: Final = timedelta(days=35)
EVENTS_ARE_KEPT: Final = timedelta(days=29)
IN_TIME: Final = timedelta(hours=3)
"""Usage that has not reached Stripe so long after its hour is late."""

F = Finding.Kind


@shared_task(name="billing.reconciling.daily")
def daily() -> bool:
    """Compare everything; give whether it agrees. Staff are told of what is new."""
    return reconcile().is_balanced


def run(*, by: Actor) -> ReconciliationRun:
    """Compare everything now."""
    by.require(may_move_money, "the books")
    made = reconcile()
    audit.record(by, "reconciled the books", "billing", balanced=str(made.is_balanced))
    return made


def settle(finding: Finding, *, by: Actor, how: str) -> None:
    """Staff have dealt with it."""
    by.require(may_move_money, finding)
    Finding.objects.filter(pk=finding.pk).update(settled_at=timezone.now())
    audit.record(by, "dealt with a finding", finding.subject, how=how[:200])


def reconcile() -> ReconciliationRun:
    """The internal sweep always; Stripe's side where there is one."""
    made = ReconciliationRun.objects.create()
    findings = list(sweeping.sweep())
    compared = {"balances": sweeping.counted()}
    stripe = gateway()
    if stripe.is_there:
        since = timezone.now() - WINDOW
        for name, look in (
            ("events", _events), ("cash", _cash), ("usage", _usage), ("payouts", _payouts),
        ):  # fmt: skip
            seen = list(look(since))
            compared[name] = len(seen)
            findings += [one for one in seen if one is not None]
    for one in findings:
        one.run = made
    known = set(Finding.objects.filter(settled_at__isnull=True).values_list("kind", "subject"))
    Finding.objects.bulk_create(findings)
    made.compared, made.finished_at = compared, timezone.now()
    made.is_balanced = not findings
    made.save()
    _tell([one for one in findings if (one.kind, one.subject) not in known])
    return made


def _events(since: datetime) -> Iterator[Finding | None]:
    """Whatever Stripe has told in vain is stored and worked off now, and said to staff."""
    begin = max(since, timezone.now() - EVENTS_ARE_KEPT)
    told = gateway().events(since=int(begin.timestamp()))
    known = set(
        StripeEvent.objects.filter(pk__in=[one.id for one in told]).values_list("pk", flat=True)
    )
    # What has happened just now may still be on its way.
    late = timezone.now() - timedelta(minutes=10)
    for one in told:
        if one.id in known:
            yield None
            continue
        webhooks.process(webhooks.store(one).pk)
        if one.happened_at < late:
            yield Finding(
                kind=F.EVENT_MISSED,
                subject=one.id,
                sentence=f"{one.type} had not arrived; it was fetched and worked off now.",
            )
    for event in StripeEvent.objects.filter(processed_at__isnull=True, attempts__gte=3):
        yield Finding(
            kind=F.EVENT_STUCK,
            subject=event.pk,
            sentence=f"{event.type} cannot be worked off: {event.last_error}"[:500],
        )


def _cash(since: datetime) -> Iterator[Finding | None]:
    """Each object at Stripe that moved money against the journals that name it, and the sum of all."""
    theirs: dict[str, int] = defaultdict(int)
    for moved in gateway().movements(since=int(since.timestamp())):
        if moved.currency == settings.CURRENCY:
            theirs[moved.source] += from_minor(moved.net, settings.CURRENCY)
    ours: dict[str, int] = defaultdict(int)
    moves = CashMove.objects.filter(
        journal__entries__account__kind=Kind.STRIPE_CASH, journal__created_at__gte=since
    )
    for source, amount in moves.values_list("source").annotate(Sum("journal__entries__amount")):
        ours[source] -= amount
    older = dict.fromkeys(theirs.keys() - ours.keys())
    ours |= _booked_before(list(older))
    for source in sorted(theirs.keys() | ours.keys()):
        yield _compare_cash(source, ours.get(source), theirs.get(source))
    available, pending = gateway().balance(settings.CURRENCY)
    held, booked = (
        from_minor(available + pending, settings.CURRENCY),
        -ledger.balance(Kind.STRIPE_CASH),
    )
    yield (
        None
        if held == booked
        else Finding(
            kind=F.BALANCE_DIFFERS,
            subject="stripe_cash",
            sentence=f"Stripe holds {format_dollars(held)}, the books say {format_dollars(booked)}.",
            expected=booked,
            found=held,
        )
    )


def _booked_before(sources: list[str]) -> dict[str, int]:
    """Journals from before the window, of objects that money still moves for."""
    rows = CashMove.objects.filter(
        source__in=sources, journal__entries__account__kind=Kind.STRIPE_CASH
    ).values_list("source")
    return {source: -amount for source, amount in rows.annotate(Sum("journal__entries__amount"))}


def _compare_cash(source: str, ours: int | None, theirs: int | None) -> Finding | None:
    if ours == theirs or (not ours and not theirs):
        return None
    if ours is None:
        kind, text = (
            F.CASH_UNBOOKED,
            f"Stripe moved {format_dollars(theirs or 0)} for {source}; the books know nothing of it.",
        )
    elif theirs is None:
        kind, text = (
            F.CASH_MISSING,
            f"The books moved {format_dollars(ours)} for {source}; Stripe knows nothing of it.",
        )
    else:
        kind = F.CASH_DIFFERS
        text = (
            f"For {source} Stripe moved {format_dollars(theirs)}, the books {format_dollars(ours)}."
        )
    return Finding(kind=kind, subject=source, sentence=text, expected=ours, found=theirs)


def _usage(since: datetime) -> Iterator[Finding | None]:
    """Hour by hour what Stripe has counted against what was sealed, and what did not get there."""
    for row in PostPaid.objects.exclude(subscription_id=None):
        begin = max(since, row.started_at)
        different = metering.confirm(row, since=begin)
        yield None
        for (meter, hour), (ours, theirs) in sorted(different.items()):
            yield Finding(
                kind=F.USAGE_DIFFERS,
                subject=f"{row.owner_id} {meter} {hour:%Y-%m-%d %H}",
                sentence=f"Stripe has counted {theirs} micro-units of {meter}, we have sent {ours}.",
                expected=ours,
                found=theirs,
            )
    late = timezone.now() - IN_TIME
    stuck = MeterExport.objects.filter(
        hour__lt=late, state__in=[MeterExport.State.SEALED, MeterExport.State.UNKNOWN]
    )
    for one in stuck:
        yield Finding(
            kind=F.USAGE_STUCK,
            subject=one.identifier,
            sentence=f"This usage has not reached Stripe after {one.attempts} attempts: {one.last_error}"[
                :500
            ],
            expected=one.value,
        )


def _payouts(since: datetime) -> Iterator[Finding | None]:
    """Each line of a run against the transfers of its group."""
    cent = micro_per_minor(settings.CURRENCY)
    for made in PayoutRun.objects.filter(created_at__gte=since):
        lines = {str(line.pk): line for line in made.lines.all()}
        if not lines:
            continue
        group = payouts.group_of(next(iter(lines.values())))
        seen: dict[str, int] = defaultdict(int)
        for one in gateway().transfers_of(group):
            seen[one.metadata.get("payout_line", one.id)] += one.amount * cent
        for pk in sorted(lines.keys() | seen.keys()):
            yield _compare_payout(pk, lines.get(pk), seen.get(pk, 0))


def _compare_payout(pk: str, line: PayoutLine | None, sent: int) -> Finding | None:
    has_left = line is not None and line.state in (PayoutLine.State.PAID, PayoutLine.State.RETURNED)
    expected = line.amount if line is not None and has_left else 0
    if expected == sent:
        return None
    return Finding(
        kind=F.PAYOUT_DIFFERS,
        subject=f"payout line {pk}",
        sentence=f"{format_dollars(expected)} should have been transferred, {format_dollars(sent)} was.",
        expected=expected,
        found=sent,
    )


def _tell(findings: list[Finding]) -> None:
    if not findings:
        return
    staff = User.objects.filter(is_staff=True, is_active=True).values_list("pk", flat=True)
    notifications.tell(
        staff,
        kind="billing",
        title=lambda: _("The books do not agree in %(count)s places") % {"count": len(findings)},
        body="\n".join(one.sentence for one in findings[:20]),
        url="/staff/money/",
    )


def last() -> ReconciliationRun | None:
    """The latest comparison that was finished."""
    return (
        ReconciliationRun.objects.filter(finished_at__isnull=False).order_by("-started_at").first()
    )


def balanced_at() -> datetime | None:
    """When the books agreed last."""
    found = ReconciliationRun.objects.filter(is_balanced=True).order_by("-started_at").first()
    return found.started_at.astimezone(UTC) if found is not None else None
