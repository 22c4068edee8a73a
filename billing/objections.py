"""Charges that are said to be wrong: by the payer, to staff, who give them back or say why not."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import customers, giving_back
from billing.amounts import written
from billing.models import Journal, Objection, Usage
from billing.permissions import may_move_money, may_object
from marketplace.accounts import audit, notifications
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import User
from marketplace.lib.errors import BadInput, Conflict, NotFound
from marketplace.lib.money import format_dollars


@transaction.atomic
def object_to(call_id: UUID, *, by: Actor, reason: str) -> Objection:
    """Ask staff to look at the charge of a call, once."""
    usage = Usage.objects.select_related("payer").filter(pk=call_id).first()
    if usage is None or not may_object(by, usage.payer):
        raise NotFound(_("There is no such call here."))
    if not reason.strip():
        raise BadInput(_("Say what is wrong with the charge."))
    if usage.settled_in_id is None or usage.total == usage.lost:
        raise Conflict(_("Nothing was charged for this call."))
    made, is_new = Objection.objects.get_or_create(
        usage=usage,
        defaults={"payer": usage.payer, "user_id": by.user_id, "reason": reason.strip()[:500]},
    )
    if not is_new:
        raise Conflict(_("This charge has been objected to already."))
    notifications.tell(
        User.objects.filter(is_staff=True, is_active=True).values_list("pk", flat=True),
        kind="billing",
        title=lambda: _("%(payer)s objects to a charge") % {"payer": usage.payer},
        body=made.reason,
        url="/staff/money/objections/",
    )
    return made


@transaction.atomic
def accept(objection: Objection, *, by: Actor, answer: str = "") -> Journal:
    """Give back all that was paid for the call, once; its author's part too."""
    by.require(may_move_money, objection)
    decided = _decide(objection, by, Objection.State.ACCEPTED, answer)
    usage = decided.usage
    journal = giving_back.give_back(usage, receipt_id=decided.pk, reason=answer or decided.reason)
    amount = format_dollars(usage.total - usage.lost)
    _tell(
        decided,
        lambda: _("%(amount)s was given back") % {"amount": written(usage.total - usage.lost)},
    )
    audit.record(by, "gave back a charge", decided.payer, call=str(usage.pk), amount=amount)
    return journal


@transaction.atomic
def refuse(objection: Objection, *, by: Actor, answer: str) -> Objection:
    """Leave the charge as it is, and say why."""
    by.require(may_move_money, objection)
    if not answer.strip():
        raise BadInput(_("Say why; the payer reads it."))
    decided = _decide(objection, by, Objection.State.REFUSED, answer)
    _tell(decided, lambda: _("Your charge stays as it is"))
    audit.record(by, "refused an objection", decided.payer, call=str(decided.usage_id))
    return decided


def _decide(objection: Objection, by: Actor, state: Objection.State, answer: str) -> Objection:
    rows = Objection.objects.select_for_update(of=("self",))
    found = rows.select_related("usage__settled_in", "usage__payer", "payer").get(pk=objection.pk)
    if found.state != Objection.State.WAITING:
        raise Conflict(_("This has been decided already."))
    found.state, found.answer = state, answer.strip()[:500]
    found.decided_by_id, found.decided_at = by.user_id, timezone.now()
    found.save(update_fields=["state", "answer", "decided_by", "decided_at"])
    return found


def _tell(decided: Objection, title: notifications.Words) -> None:
    notifications.tell(
        customers.people_of(decided.payer_id),
        kind="billing",
        title=title,
        body=decided.answer,
        url=f"/billing/receipts/{decided.usage_id}/",
    )
