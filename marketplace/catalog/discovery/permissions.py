"""Who may star, follow and sort."""

from __future__ import annotations

from algorithms.models import Algorithm
from algorithms.permissions import may_edit, may_view
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner


def may_star(actor: Actor, algorithm: Algorithm) -> bool:
    """A person may, of what they can see; a running algorithm is nobody's taste."""
    return _is_person(actor) and may_view(actor, algorithm)


def may_follow(actor: Actor, followed: Algorithm | Owner) -> bool:
    if isinstance(followed, Algorithm):
        return _is_person(actor) and may_view(actor, followed)
    return _is_person(actor) and not followed.is_suspended


def may_sort(actor: Actor, algorithm: Algorithm) -> bool:
    """Choose its task and its tags: where people find it is its owner's to say."""
    return may_edit(actor, algorithm)


def may_see_own_stars(actor: Actor, what: str) -> bool:
    del what
    return _is_person(actor)


def _is_person(actor: Actor) -> bool:
    return actor.user_id is not None and actor.running is None
