"""What processes that are gone have set aside goes back to the limits.

A process says every few seconds that it lives, and hands nothing out of its leases for half a
minute after the last time it could say so; only after a whole minute are they taken away. One
that starts on the same disk first records what its predecessor's journal says (that takes the
charges out of the leases) and then releases them at once.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from celery import shared_task
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from billing import caps
from billing.models import Lease, Limit, Spender

DEAD_AFTER: Final = timedelta(seconds=60)


@shared_task(name="billing.reaping.reap")
def reap() -> int:
    """Release what dead processes hold, and what closed trees of calls have left."""
    dead = Spender.objects.filter(seen_at__lt=timezone.now() - DEAD_AFTER)
    released = 0
    for spender_id in list(dead.values_list("pk", flat=True)):
        released += release(spender_id, unless_seen_since=timezone.now() - DEAD_AFTER)
    caps.tidy()
    return released


def release(spender_id: UUID, *, unless_seen_since: object = None) -> bool:
    """Give a process's leases back to their limits and forget it."""
    with transaction.atomic():
        ids = Lease.objects.filter(spender_id=spender_id).values_list("limit_id", flat=True)
        list(Limit.objects.filter(pk__in=list(ids)).select_for_update().order_by("pk"))
        spenders = Spender.objects.filter(pk=spender_id)
        if unless_seen_since is not None:
            spenders = spenders.filter(seen_at__lt=unless_seen_since)
        if spenders.select_for_update().first() is None:
            return False
        leases = Lease.objects.filter(spender_id=spender_id).order_by("limit_id")
        for limit_id, amount in leases.select_for_update().values_list("limit_id", "amount"):
            if amount:
                Limit.objects.filter(pk=limit_id).update(held=F("held") - amount)
        Lease.objects.filter(spender_id=spender_id).delete()
        Spender.objects.filter(pk=spender_id).delete()
    caps.close_those_of(spender_id)
    return True
