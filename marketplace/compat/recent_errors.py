"""Failed calls of the last days, as Algorithmia lists them."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db.models import Q
from django.utils import timezone

from algorithms import gateway
from algorithms.models import Call
from marketplace.accounts.models import Owner

KEPT: Final = 200
KEPT_FOR: Final = timedelta(days=7)


def of_owner(owner: Owner) -> list[dict[str, object]]:
    """Failures of the owner's algorithms, and of the algorithms the owner called."""
    gateway.flush_journal()
    failed = Call.objects.filter(
        Q(caller=owner) | Q(algorithm__owner=owner),
        result=Call.Result.FAILED,
        started_at__gt=timezone.now() - KEPT_FOR,
        algorithm__isnull=False,
    )
    rows = failed.select_related("algorithm__owner", "caller", "version").order_by("-started_at")
    return [_entry(call) for call in rows[:KEPT]]


def _entry(call: Call) -> dict[str, object]:
    algorithm = call.algorithm
    return {
        "created_at": int(call.started_at.timestamp() * 1000),
        "request_id": f"req-{call.pk}",
        "username": algorithm.owner.name if algorithm is not None else "",
        "algoname": algorithm.name if algorithm is not None else "",
        "algoversion": str(call.version.number) if call.version is not None else "",
        "operation": call.operation,
        "input": "",  # inputs belong to the caller and are not kept
        "error": call.error_message,
        "error_type": call.error_type,
        "billable_to": call.caller.name if call.caller is not None else "",
        "worker": call.runner,
    }
