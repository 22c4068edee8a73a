"""Usage of post-paid accounts on its way to Stripe: sealed by the hour, sent until it is known to be there."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Final

from celery import shared_task
from django.db import transaction
from django.db.models import F, Sum
from django.db.models.functions import Least
from django.utils import timezone

from billing import postpaid
from billing.gateway import gateway
from billing.models import Finding, MeterExport, PostPaid, StripeCustomer, Usage
from billing.stripe_facts import StripeRefused, Unreachable

State = MeterExport.State
Meter = MeterExport.Meter
HOUR: Final = timedelta(hours=1)
LAST_SECOND: Final = HOUR - timedelta(seconds=1)
"""Usage is dated at the end of its hour: what came before the subscription began is never billed."""

KEY_LIVES: Final = timedelta(hours=23)
"""Stripe knows an identifier for a day; a resend after that would count twice."""

LATEST: Final = timedelta(days=34)
"""Stripe takes no usage older than that."""


@shared_task(name="billing.metering.export")
def export() -> int:
    """Seal the hours that are over and send what is sealed; give how much was sent."""
    for row in PostPaid.objects.exclude(subscription_id=None).select_related("owner"):
        seal(row)
    return send_all()


def seal(row: PostPaid) -> list[MeterExport]:
    """Write down what was used in each closed hour and is in no seal yet.

    A seal never changes. Usage that is settled late makes another one of the same hour.
    """
    hour = timezone.now().astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    begin = max(row.started_at, hour - LATEST)
    made = []
    with transaction.atomic():
        PostPaid.objects.select_for_update().get(pk=row.pk)
        used = _used(row, begin, hour)
        sealed = _sealed(row, begin)
        for (meter, at), value in sorted(used.items(), key=str):
            before, seq = sealed.get((meter, at), (0, 0))
            if value > before:
                made.append(_seal(row, meter, at, seq + 1, value - before))
    return made


def send_all() -> int:
    waiting = MeterExport.objects.filter(state__in=[State.SEALED, State.UNKNOWN])
    return sum(send(one).state == State.SENT for one in waiting.order_by("pk"))


def send(one: MeterExport) -> MeterExport:
    """Send a seal under its identifier; after a day of uncertainty look first, and never resend blindly."""
    customer = StripeCustomer.objects.get(owner_id=one.owner_id)
    first = one.first_tried_at or timezone.now()
    MeterExport.objects.filter(pk=one.pk).update(
        first_tried_at=first, attempts=F("attempts") + 1, state=State.UNKNOWN
    )
    is_unsure = one.state == State.UNKNOWN or one.attempts > 0
    if is_unsure and timezone.now() - first > KEY_LIVES:
        return _decide(one, customer)
    try:
        gateway().report_usage(
            postpaid.event_name(one.meter),
            customer=customer.stripe_id,
            value=one.value,
            identifier=one.identifier,
            at=int((one.hour + LAST_SECOND).timestamp()),
        )
    except Unreachable as error:
        return _note(one, State.UNKNOWN, error.message)
    except StripeRefused as refusal:
        if "already exists with identifier" in refusal.message:
            return _note(one, State.SENT, "")
        return _refuse(one, refusal.message)
    return _note(one, State.SENT, "")


def confirm(one: PostPaid, *, since: datetime) -> dict[tuple[str, datetime], tuple[int, int]]:
    """Compare what Stripe has counted with our seals by hour; give what differs (ours, theirs)."""
    customer = StripeCustomer.objects.get(owner_id=one.owner_id)
    begin = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    end = timezone.now().astimezone(UTC).replace(minute=0, second=0, microsecond=0) + HOUR
    different = {}
    for meter in Meter:
        theirs = gateway().usage_by_hour(
            postpaid.meter_id(meter),
            customer.stripe_id,
            start=int(begin.timestamp()),
            end=int(end.timestamp()),
        )
        seals = MeterExport.objects.filter(owner_id=one.owner_id, meter=meter, hour__gte=begin)
        ours: dict[datetime, int] = defaultdict(int)
        for seal_ in seals.filter(state__in=[State.SENT, State.CONFIRMED]):
            ours[seal_.hour] += seal_.value
        found = {datetime.fromtimestamp(at, UTC): value for at, value in theirs.items()}
        for hour in ours.keys() | found.keys():
            pair = (ours.get(hour, 0), found.get(hour, 0))
            if pair[0] == pair[1]:
                seals.filter(hour=hour, state=State.SENT).update(state=State.CONFIRMED)
            else:
                different[str(meter), hour] = pair
    return different


def note_errors(event_id: str) -> None:
    """Stripe could not count some usage: mark what it names, and tell staff."""
    told = gateway().event(event_id)
    reason = (told.payload.get("data") or {}).get("reason") or {}
    for kind in reason.get("error_types") or ():
        for sample in kind.get("sample_errors") or ():
            identifier = ((sample.get("request") or {}).get("identifier")) or ""
            one = MeterExport.objects.filter(identifier=identifier).first()
            text = f"{kind['code']}: {sample.get('error_message', '')}"
            if one is not None:
                _refuse(one, text)
            else:
                _find(identifier or event_id, text)


def _used(row: PostPaid, begin: datetime, end: datetime) -> dict[tuple[str, datetime], int]:
    """What is owed, by meter and hour. Of a call that is owed in part the royalty is owed first."""
    calls = Usage.objects.filter(
        payer_id=row.owner_id, owed__gt=0, settled_in__isnull=False, at__gte=begin, at__lt=end
    )
    royalty = Least(F("royalty"), F("owed"))
    rows = calls.values("at__date", "at__hour").annotate(
        royalties=Sum(royalty), owed_in_all=Sum("owed")
    )
    used = {}
    for found in rows:
        day = found["at__date"]
        at = datetime(day.year, day.month, day.day, found["at__hour"], tzinfo=UTC)
        used[str(Meter.ROYALTY), at] = found["royalties"]
        used[str(Meter.COMPUTE), at] = found["owed_in_all"] - found["royalties"]
    return used


def _sealed(row: PostPaid, begin: datetime) -> dict[tuple[str, datetime], tuple[int, int]]:
    """By meter and hour: the sum of the seals, and the number of the last."""
    found: dict[tuple[str, datetime], tuple[int, int]] = {}
    for one in MeterExport.objects.filter(owner_id=row.owner_id, hour__gte=begin):
        total, last = found.get((one.meter, one.hour), (0, 0))
        found[one.meter, one.hour] = (total + one.value, max(last, one.seq))
    return found


def _seal(row: PostPaid, meter: str, hour: datetime, seq: int, value: int) -> MeterExport:
    place = "live" if gateway().is_live else "test"
    return MeterExport.objects.create(
        identifier=f"m:{place}:{row.owner_id}:{meter}:{hour:%Y%m%d%H}:{seq}",
        owner_id=row.owner_id,
        meter=meter,
        hour=hour,
        seq=seq,
        value=value,
    )


def _decide(one: MeterExport, customer: StripeCustomer) -> MeterExport:
    """A day has gone by without an answer: what Stripe has counted of that hour tells."""
    start = int(one.hour.timestamp())
    counted = (
        gateway()
        .usage_by_hour(
            postpaid.meter_id(one.meter), customer.stripe_id, start=start, end=start + 3600
        )
        .get(start, 0)
    )
    known = (
        MeterExport.objects.filter(
            owner_id=one.owner_id,
            meter=one.meter,
            hour=one.hour,
            state__in=[State.SENT, State.CONFIRMED],
        ).aggregate(total=Sum("value"))["total"]
        or 0
    )
    if counted >= known + one.value:
        return _note(one, State.SENT, "")
    if counted == known:
        MeterExport.objects.filter(pk=one.pk).update(
            first_tried_at=None, attempts=0, state=State.SEALED
        )
        one.refresh_from_db()
        return send(one)
    _find(one.identifier, f"Stripe has counted {counted} of that hour, we have sent {known}.")
    return _note(one, State.UNKNOWN, "Stripe has counted something else; staff have to look.")


def _refuse(one: MeterExport, why: str) -> MeterExport:
    _find(one.identifier, why)
    return _note(one, State.FAILED, why)


def _find(subject: str, why: str) -> None:
    Finding.objects.get_or_create(
        run=None,
        kind=Finding.Kind.USAGE_REFUSED,
        subject=subject[:200],
        settled_at=None,
        defaults={"sentence": f"Stripe could not count this usage: {why}"[:500]},
    )


def _note(one: MeterExport, state: State, error: str) -> MeterExport:
    MeterExport.objects.filter(pk=one.pk).update(state=state, last_error=error[:500])
    one.refresh_from_db()
    return one
