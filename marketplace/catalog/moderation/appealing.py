"""Appeal against a decision once; somebody else of the staff lets it stand or takes it back."""

from __future__ import annotations

from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts import audit
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.accounts.scopes import Scope
from marketplace.catalog.models import Appeal, Case, Decision
from marketplace.catalog.models.moderation import REASON_LENGTH
from marketplace.catalog.moderation import deciding, effects, letters
from marketplace.catalog.moderation.rules import may_answer_appeal, may_appeal
from marketplace.lib.errors import BadInput, Conflict, NotAllowed

SHORTEST: Final = 10


def holder_of_letter(owner: Owner) -> Actor:
    """Who comes by the link of the owner's letter: may appeal, and do nothing else."""
    return Actor(
        owner_id=owner.pk,
        name=owner.name,
        owner_ids=frozenset({owner.pk}),
        scopes=frozenset({Scope.ACCOUNT}),
    )


def can_be_appealed(decision: Decision) -> bool:
    is_recent = decision.made_at > timezone.now() - letters.APPEAL_WITHIN
    is_standing = not hasattr(decision, "reversed_by") and not hasattr(decision, "appeal")
    return decision.action in effects.APPEALABLE and is_recent and is_standing


def appeal(decision: Decision, *, by: Actor, text: str) -> Appeal:
    """Say why a decision is wrong."""
    by.require(may_appeal, decision)
    said = _checked(text, _("Say in %(least)s to %(most)s characters why the decision is wrong."))
    if not can_be_appealed(decision):
        raise Conflict(_("This decision was appealed already, or can no longer be."))
    try:
        with transaction.atomic():
            made = Appeal.objects.create(
                decision=decision, author_id=decision.case.owner_id, text=said
            )
            audit.record(by, "appealed", decision.case.label, decision=str(decision.pk))
            return made
    except IntegrityError:
        raise Conflict(_("This decision was appealed already.")) from None


@transaction.atomic
def answer(appeal: Appeal, *, by: Actor, is_granted: bool, text: str) -> Appeal:
    """Let the decision stand or take it back; never by whoever made it."""
    locked = Appeal.objects.select_for_update().get(pk=appeal.pk)
    decision = locked.decision
    if decision.made_by_id == by.user_id:
        raise NotAllowed(_("You made this decision: somebody else must answer the appeal."))
    by.require(may_answer_appeal, locked)
    said = _checked(text, _("Give the reason in %(least)s to %(most)s characters."))
    if locked.state != Appeal.State.OPEN:
        raise Conflict(_("Somebody has answered this appeal meanwhile."))
    locked.state = Appeal.State.GRANTED if is_granted else Appeal.State.UPHELD
    locked.answer, locked.answered_at, locked.answered_by_id = said, timezone.now(), by.user_id
    locked.save()
    audit.record(by, f"answered an appeal: {locked.state}", decision.case.label, reason=said[:1000])
    if is_granted:
        _take_back(decision, by=by, reason=said)
    letters.send_answer(locked)
    return locked


def _take_back(decision: Decision, *, by: Actor, reason: str) -> None:
    case = Case.objects.select_for_update().get(pk=decision.case_id)
    inverse = effects.INVERSE.get(decision.action)
    if inverse is not None and inverse in effects.available(case):
        deciding.record(case, by=by, action=inverse, reason=reason, reverses=decision)
    elif decision.action == Decision.Action.ASK and case.state == Case.State.WAITING:
        deciding.record(
            case, by=by, action=Decision.Action.APPROVE, reason=reason, reverses=decision
        )
        case.state = Case.State.CLOSED
        case.save(update_fields=["state"])


def _checked(text: str, refusal: str) -> str:
    said = text.strip().replace("\0", "")
    if not SHORTEST <= len(said) <= REASON_LENGTH:
        raise BadInput(refusal % {"least": SHORTEST, "most": REASON_LENGTH})
    return said
