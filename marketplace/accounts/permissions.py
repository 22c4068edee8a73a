"""Who may manage accounts, keys, organizations and their members."""

from __future__ import annotations

from marketplace.accounts.actors import Actor
from marketplace.accounts.models import APIKey, Membership, Owner
from marketplace.accounts.scopes import Scope


def may_manage_keys(actor: Actor, owner: Owner) -> bool:
    """A person may manage their own keys, and an organization's owners those of the organization."""
    return _is_person(actor) and owner.pk in actor.administers


def may_make_keys(actor: Actor, owner: Owner) -> bool:
    """Members of an organization make keys for it too; none may do more than its person."""
    return _is_person(actor) and actor.speaks_for(owner.pk)


def may_revoke_key(actor: Actor, key: APIKey) -> bool:
    """Who manages the owner's keys, and a member the ones they made themselves."""
    is_mine = key.user_id == actor.user_id and may_make_keys(actor, key.owner)
    return is_mine or may_manage_keys(actor, key.owner)


def may_change_profile(actor: Actor, owner: Owner) -> bool:
    """Only the person, signed in; no key and no member of an organization."""
    return _is_person(actor) and owner.pk == actor.owner_id


def may_change_own_settings(actor: Actor, _what: str) -> bool:
    """What a person sets for themselves, signed in: a key and a running algorithm set nothing."""
    return _is_person(actor) and actor.user_id is not None


def may_administer(actor: Actor, _what: str) -> bool:
    """See and change everybody's accounts, as the predecessor's administration endpoints do."""
    return actor.has(Scope.ADMIN)


def may_create_organization(actor: Actor, _name: str) -> bool:
    return actor.user_id is not None and (_is_person(actor) or actor.has(Scope.ADMIN))


def may_see_organization(actor: Actor, owner: Owner) -> bool:
    is_inside = owner.pk in actor.executes_for | actor.bills_for
    is_told = actor.running is None and not actor.stands_in_pages
    return may_see_account(actor, owner) or (is_told and is_inside)


def may_answer_for(actor: Actor, membership: Membership) -> bool:
    """Accept, decline or give up a membership: the person themselves, signed in."""
    return _is_person(actor) and actor.user_id == membership.user_id


def may_manage_organization(actor: Actor, owner: Owner) -> bool:
    return actor.has(Scope.ADMIN) or (_is_person(actor) and owner.pk in actor.administers)


def may_manage_owners(actor: Actor, owner: Owner) -> bool:
    """Make and unmake an organization's owners, and close it: its owners, not its administrators."""
    if actor.has(Scope.ADMIN):
        return True
    owners = Membership.objects.filter(
        organization=owner.organization_id, user=actor.user_id, role=Membership.Role.OWNER
    )
    return _is_person(actor) and owner.organization_id is not None and owners.exists()


def may_close(actor: Actor, owner: Owner) -> bool:
    """End an account for good: the person themselves, an organization's owners, and staff."""
    return may_change_profile(actor, owner) or may_manage_owners(actor, owner)


def may_see_account(actor: Actor, owner: Owner) -> bool:
    """Who calls a stranger's code does not tell it who they are, nor do the pages of a web site."""
    if actor.running is not None or actor.stands_in_pages:
        return False
    return actor.has(Scope.ADMIN) or actor.speaks_for(owner.pk)


def _is_person(actor: Actor) -> bool:
    """Signed in with a browser: not a key and not a running algorithm, whatever their scopes say."""
    return actor.has(Scope.ACCOUNT) and actor.key_id is None and actor.running is None
