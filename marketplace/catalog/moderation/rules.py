"""Who may report, decide, appeal and answer an appeal."""

from __future__ import annotations

from marketplace.accounts.actors import Actor
from marketplace.accounts.scopes import Scope
from marketplace.catalog.models import Appeal, Case, Decision
from marketplace.catalog.moderation.cases import About


def is_person(actor: Actor) -> bool:
    return actor.has(Scope.ACCOUNT) and actor.key_id is None and actor.running is None


def may_moderate(actor: Actor, _what: object) -> bool:
    """Staff, signed in with a browser."""
    return is_person(actor) and actor.has(Scope.ADMIN)


def may_report(actor: Actor, about: About) -> bool:
    return is_person(actor) and about.owner.pk not in actor.owner_ids


def may_decide(actor: Actor, case: Case) -> bool:
    """Staff, but nobody about what is their own or their organization's."""
    return may_moderate(actor, case) and not _is_theirs(actor, case)


def may_see_decision(actor: Actor, decision: Decision) -> bool:
    return may_moderate(actor, decision) or _is_theirs(actor, decision.case)


def may_appeal(actor: Actor, decision: Decision) -> bool:
    return is_person(actor) and actor.speaks_for(decision.case.owner_id)


def may_answer_appeal(actor: Actor, appeal: Appeal) -> bool:
    """Somebody else of the staff than who made the decision."""
    is_other = appeal.decision.made_by_id != actor.user_id
    return is_other and may_decide(actor, appeal.decision.case)


def _is_theirs(actor: Actor, case: Case) -> bool:
    return case.owner_id in actor.owner_ids | actor.executes_for
