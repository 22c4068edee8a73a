"""Who did what, when: one row for each act that somebody may ask about later."""

from __future__ import annotations

from marketplace.accounts.actors import Actor
from marketplace.accounts.models import AuditEntry


def record(actor: Actor, action: str, target: object, **details: str) -> AuditEntry:
    return AuditEntry.objects.create(
        actor_name=actor.name,
        user_id=actor.user_id,
        key_id=actor.key_id,
        action=action,
        target=str(target)[:200],
        details=details,
    )
