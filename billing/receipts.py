"""Receipts: what a call has cost and why, signed by the site and chained for each account.

They are made of settled usage, some seconds after the answer, so that no call waits for a
signature. A receipt never changes; what is given back later has one of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import bulk, receipt_keys
from billing.models import Journal, Receipt, ReceiptChain, Usage
from billing.permissions import may_see_bills
from billing.receipt_verifying import canonical
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib.alone import alone, in_turns
from marketplace.lib.errors import NotFound

BATCH: Final = 100
_MOST_BATCHES: Final = 500
PATIENCE: Final = timedelta(seconds=2)
"""What a call has called is recorded so long after its own end at the latest."""

REASONS: Final = {
    Usage.Outcome.BILLED: "The call succeeded.",
    Usage.Outcome.FAILED: "The call failed, and failed calls are free.",
    Usage.Outcome.CANCELLED: "The call was cancelled, and cancelled calls are free as failed ones are.",
    Usage.Outcome.TIMED_OUT: "It ran out of time: its time is billed, its royalty is not.",
    Usage.Outcome.STOPPED: "It reached its limit of cost: its time is billed, its royalty is not.",
    Usage.Outcome.OVERDRAWN: "The call failed or was cancelled, and the account's free time for "
    "that is used up for the day: the time beyond it is billed, its royalty is not.",
    Usage.Outcome.NOT_RUN: "It did not run.",
    Usage.Outcome.FREE: "Nothing is asked for it.",
    Usage.Outcome.KEPT: "A sandbox was kept warm, for a service or a reservation: time in which it "
    "waited for calls.",
}
Document = dict[str, Any]


@shared_task(name="billing.receipts.make")
@alone
def make(*, patience: timedelta = PATIENCE) -> int:
    """Make the receipts of calls that are settled; give how many."""
    return in_turns(partial(make_batch, patience=patience), full=BATCH, most=_MOST_BATCHES)


@transaction.atomic
def make_batch(*, patience: timedelta = PATIENCE, most: int = BATCH) -> int:
    """Up to so many. Several processes may do it at once: they take turns for each account."""
    usages = _due(most, timezone.now() - patience)
    if not usages:
        return 0
    children = _children([one.pk for one in usages])
    payers = Owner.objects.in_bulk({one.payer_id for one in usages})
    booked = _booked({one.settled_in_id for one in usages if one.settled_in_id is not None})
    documents = [
        (
            payers[one.payer_id],
            _of_call(one, children.get(one.pk, []), booked.get(one.settled_in_id, one.at)),
        )
        for one in usages
    ]
    append(documents)
    Usage.objects.filter(pk__in=[one.pk for one in usages]).update(has_receipt=True)
    return len(usages)


def append(documents: Sequence[tuple[Owner, Document]]) -> list[Receipt]:
    """Number, chain and sign them, each behind the last of its account; in a transaction."""
    key, now, made = receipt_keys.current(), timezone.now(), []
    chains = _chains({owner.pk for owner, _ in documents})
    for owner, document in documents:
        chain = chains[owner.pk]
        chain.number += 1
        document |= {
            "v": 1,
            "number": chain.number,
            "previous": chain.digest or None,
            "account": {"id": str(owner.pk), "name": owner.name},
            "currency": settings.CURRENCY,
            "issued_at": _moment(now),
            "key": key.pk,
        }
        body = canonical(document)
        chain.digest = hashlib.sha256(body).hexdigest()
        made.append(
            Receipt(
                id=UUID(document["id"]),
                payer=owner,
                number=chain.number,
                kind=document["kind"],
                call_id=UUID(document["call"]["id"]),
                body=body.decode(),
                digest=chain.digest,
                signature=receipt_keys.sign(body),
                key=key,
                total=document["charged"],
                booked_at=document["booked_at"],
            )
        )
    bulk.insert(made)
    ReceiptChain.objects.bulk_update(chains.values(), ["number", "digest"])
    return made


def find(receipt_id: UUID, *, by: Actor) -> Receipt:
    """A receipt of somebody whose bills the actor may see; NotFound to strangers."""
    receipt = Receipt.objects.select_related("payer").filter(pk=receipt_id).first()
    if receipt is not None and may_see_bills(by, receipt.payer):
        return receipt
    usage = Usage.objects.select_related("payer").filter(pk=receipt_id, has_receipt=False).first()
    if usage is not None and may_see_bills(by, usage.payer):
        raise NotFound(_("The receipt of this call is being made; ask again in some seconds."))
    raise NotFound(_("There is no receipt %(receipt_id)s here.") % {"receipt_id": receipt_id})


def of(owner: Owner, *, by: Actor, after: int = 0, most: int = 100) -> list[Receipt]:
    """The receipts that follow a number, oldest first."""
    by.require(may_see_bills, owner)
    return list(owner.receipts.filter(number__gt=after).in_order()[:most])


def contents(receipt: Receipt) -> Document:
    found: Document = json.loads(receipt.body)
    return found


def signed(receipt: Receipt) -> Document:
    """As it is handed out, and as the verifier takes it."""
    return {
        "receipt": contents(receipt),
        "digest": receipt.digest,
        "signature": receipt.signature,
        "key": receipt.key_id,
    }


def of_refund(refund_id: UUID, usage: Usage, *, booked_at: datetime, reason: str) -> Document:
    """What is given back for a call: all that was paid for it."""
    paid = _paid(usage)
    given = {name: -amount for name, amount in paid.items()} | {"lost": 0}
    return {
        "id": str(refund_id),
        "kind": Receipt.Kind.REFUND.value,
        "call": {"id": str(usage.pk), "algorithm": usage.path, "version": usage.version},
        "reason": reason,
        "paid": given,
        "charged": -(usage.total - usage.lost),
        "booked_at": _moment(booked_at),
    }


def _due(most: int, before: datetime) -> list[Usage]:
    rows = Usage.objects.filter(Q(total=0) | Q(settled_in__isnull=False), has_receipt=False)
    skip = connection.features.has_select_for_update_skip_locked
    rows = rows.select_for_update(skip_locked=skip, of=("self",)).order_by("at", "pk")
    found = rows.filter(at__lte=before).defer("limit_ids")[:most]
    return [one for one in found if one.at + timedelta(microseconds=one.total_us) <= before]


def _booked(journal_ids: Iterable[int]) -> dict[int | None, datetime]:
    """When the books have what these journals hold."""
    rows = Journal.objects.filter(pk__in=list(journal_ids))
    return dict(rows.values_list("pk", "effective_at"))


def _children(ids: Iterable[UUID]) -> dict[UUID | None, list[Usage]]:
    found: dict[UUID | None, list[Usage]] = defaultdict(list)
    for one in Usage.objects.filter(parent_id__in=list(ids)).order_by("at", "pk"):
        found[one.parent_id].append(one)
    return found


def _chains(owner_ids: Iterable[UUID]) -> dict[UUID, ReceiptChain]:
    wanted = sorted(owner_ids)
    rows = ReceiptChain.objects.filter(owner_id__in=wanted).select_for_update().order_by("owner_id")
    found = {chain.owner_id: chain for chain in rows}
    missing = [owner_id for owner_id in wanted if owner_id not in found]
    if missing:
        new = [ReceiptChain(owner_id=owner_id) for owner_id in missing]
        ReceiptChain.objects.bulk_create(new, ignore_conflicts=True)
        found = {chain.owner_id: chain for chain in rows.all()}
    return found


def _of_call(usage: Usage, children: Sequence[Usage], booked: datetime) -> Document:
    price, house = usage.price, usage.royalty - usage.author_share
    return {
        "id": str(usage.pk),
        "kind": Receipt.Kind.CALL.value,
        "call": _call(usage),
        "children": [{"id": str(one.pk), "total": one.total} for one in children],
        "outcome": usage.outcome,
        "billed": usage.total > 0,
        "reason": REASONS[Usage.Outcome(usage.outcome)],
        "meters": [
            {
                "meter": "compute",
                "quantity": usage.billed_ms,
                "unit": "ms",
                "unit_price_microcredits": price["rate"],
                "per": "second",
                "amount": usage.compute,
            },
            {
                "meter": "royalty",
                "quantity": 1,
                "unit": "call",
                "unit_price_microcredits": price["royalty"],
                "per": "call",
                "amount": usage.royalty,
            },
        ],
        "royalty": {
            "author": usage.author_share,
            "house": house,
            "share_bps": price["share_bps"],
        },
        "total": usage.total,
        "paid": _paid(usage) | {"lost": usage.lost},
        "charged": usage.total - usage.lost,
        "booked_at": _moment(booked),
    }


def _call(usage: Usage) -> Document:
    names = ("total", "queue", "start", "load", "run")
    return {
        "id": str(usage.pk),
        "root": str(usage.root_id),
        "parent": str(usage.parent_id) if usage.parent_id else None,
        "at": _moment(usage.at),
        "algorithm": usage.path,
        "version": usage.version,
        "version_digest": usage.version_digest,
        "operation": usage.operation or None,
        "input_sha256": usage.input_sha256,
        "output_sha256": usage.output_sha256,
        "microseconds": {name: getattr(usage, f"{name}_us") for name in names},
        "key": str(usage.key_id) if usage.key_id else None,
        "tag": usage.tag,
    }


def _paid(usage: Usage) -> dict[str, int]:
    credit = usage.total - usage.promo - usage.lost - usage.owed
    return {"credit": credit, "gifts": usage.promo, "later": usage.owed}


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
