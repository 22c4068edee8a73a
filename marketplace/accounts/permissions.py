"""Who may manage keys, organizations and their members."""

from __future__ import annotations

from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.accounts.scopes import Scope


def may_manage_keys(actor: Actor, owner: Owner) -> bool:
    """A person may manage their own keys, and an organization's owners those of the organization."""
    return actor.has(Scope.ACCOUNT) and owner.pk in actor.administers


def may_manage_organization(actor: Actor, owner: Owner) -> bool:
    return actor.has(Scope.ADMIN) or (actor.has(Scope.ACCOUNT) and owner.pk in actor.administers)


def may_see_account(actor: Actor, owner: Owner) -> bool:
    return actor.has(Scope.ADMIN) or actor.speaks_for(owner.pk)
