"""Who may see, call, edit, publish and delete an algorithm."""

from __future__ import annotations

from algorithms.models import Algorithm, Version
from marketplace.accounts.actors import Actor, RunningCall
from marketplace.accounts.models import Owner
from marketplace.accounts.scopes import Scope


def may_create_for(actor: Actor, owner: Owner) -> bool:
    return actor.has(Scope.MANAGE) and actor.speaks_for(owner.pk)


def may_view(actor: Actor, algorithm: Algorithm) -> bool:
    """Whether the actor may know that the algorithm exists."""
    mine = algorithm.owner_id in actor.owner_ids | actor.executes_for
    is_shown = algorithm.quarantined_at is None and not algorithm.owner.is_suspended
    return mine or (algorithm.is_public and is_shown)


def may_view_source(actor: Actor, algorithm: Algorithm) -> bool:
    """Closed source is for those who may change it.

    A running algorithm sees its caller's as little as any stranger does, and so does a key that
    was made to call or to move files.
    """
    is_open = algorithm.source_visibility == Algorithm.SourceVisibility.OPEN
    is_ours = actor.running is None and may_edit(actor, algorithm)
    return is_ours or (is_open and may_view(actor, algorithm))


def may_fetch(actor: Actor, algorithm: Algorithm) -> bool:
    """Clone it: open source by anybody with an account, the rest by those who may change it."""
    is_open = algorithm.source_visibility == Algorithm.SourceVisibility.OPEN
    is_somebody = not actor.is_anonymous and actor.running is None
    return may_edit(actor, algorithm) or (is_somebody and is_open and may_view(actor, algorithm))


def may_edit(actor: Actor, algorithm: Algorithm) -> bool:
    return actor.has(Scope.MANAGE) and actor.speaks_for(algorithm.owner_id)


def may_build(actor: Actor, algorithm: Algorithm) -> bool:
    return may_edit(actor, algorithm)


def may_see_builds(actor: Actor, algorithm: Algorithm) -> bool:
    """Builds and what they printed: the owner's people, those included who may only call."""
    people = actor.owner_ids | actor.executes_for
    return actor.has(Scope.MANAGE) and algorithm.owner_id in people


def may_publish(actor: Actor, algorithm: Algorithm) -> bool:
    return may_edit(actor, algorithm)


def may_publish_for_everyone(actor: Actor, algorithm: Algorithm) -> bool:
    """In an organization, what strangers may call is for its administrators to decide.

    Where they approve each public version, its members may publish one and then wait for them.
    """
    organization = algorithm.owner.organization
    waits = organization is not None and organization.approves_versions
    return may_publish(actor, algorithm) and (waits or algorithm.owner_id in actor.administers)


def may_approve_versions(actor: Actor, algorithm: Algorithm) -> bool:
    """Whether the actor decides what the organization's members publish for everyone."""
    return may_publish(actor, algorithm) and algorithm.owner_id in actor.administers


def may_delete(actor: Actor, algorithm: Algorithm) -> bool:
    return may_edit(actor, algorithm)


def may_call(actor: Actor, algorithm: Algorithm) -> bool:
    """Whether the actor may call some version of the algorithm with the key in use."""
    return (
        actor.has(Scope.CALL)
        and actor.reaches(algorithm.owner.name, algorithm.name)
        and may_view(actor, algorithm)
    )


def may_call_unpublished(actor: Actor, algorithm: Algorithm) -> bool:
    """Builds by hash, private versions and `latestPrivate` are for the owner's people."""
    return may_call(actor, algorithm) and (
        algorithm.owner_id in actor.owner_ids | actor.executes_for
    )


def may_call_version(actor: Actor, version: Version) -> bool:
    if version.is_public:
        return may_call(actor, version.algorithm)
    return may_call_unpublished(actor, version.algorithm)


def may_report_insights(actor: Actor, running: RunningCall) -> bool:
    """The call in progress itself, of a version that told its callers so."""
    return actor.running == running and bool(running.insights_of)
