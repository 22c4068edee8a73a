"""Who may see a project, arrange it, and put its services online."""

from __future__ import annotations

from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.accounts.scopes import Scope
from projects.models import Project, Reservation, Service


def may_begin_project_for(actor: Actor, owner: Owner) -> bool:
    return actor.running is None and actor.has(Scope.MANAGE) and actor.speaks_for(owner.pk)


def may_be_ours(actor: Actor, project: Project) -> bool:
    """Whether all its services are shown: to the owner's people."""
    return project.owner_id in actor.owner_ids | actor.executes_for


def may_see_project(actor: Actor, project: Project) -> bool:
    return may_be_ours(actor, project) or (project.is_public and not project.owner.is_suspended)


def may_arrange(actor: Actor, project: Project) -> bool:
    """Change its texts, groups and services: whoever may change the owner's algorithms."""
    is_own_code = actor.running is not None
    return not is_own_code and actor.has(Scope.MANAGE) and actor.speaks_for(project.owner_id)


def may_show_to_everyone(actor: Actor, project: Project) -> bool:
    """In an organization, what strangers see is for its administrators to decide."""
    return may_arrange(actor, project) and project.owner_id in actor.administers


def may_put_online(actor: Actor, service: Service) -> bool:
    """It costs the owner money as long as it stays."""
    return may_arrange(actor, service.project)


def may_take_offline(actor: Actor, service: Service) -> bool:
    """Its owner's people; staff, whatever it is."""
    return actor.is_staff or may_put_online(actor, service)


def may_read_log(actor: Actor, service: Service) -> bool:
    """What it printed: the owner's people, those included who may only call."""
    people = actor.owner_ids | actor.executes_for
    return actor.running is None and actor.has(Scope.MANAGE) and service.owner_id in people


def may_know(actor: Actor, service: Service) -> bool:
    """Whether it is shown: to strangers only what they could call."""
    is_ours = service.owner_id in actor.owner_ids | actor.executes_for
    is_public = service.version is not None and service.version.is_public
    return is_ours or (is_public and service.algorithm.quarantined_at is None)


def may_reserve_for(actor: Actor, owner: Owner) -> bool:
    """It costs the owner money as long as it stays: the owner's people, and administrators."""
    if actor.running is not None:
        return False
    is_ours = actor.has(Scope.MANAGE) and actor.has(Scope.CALL) and actor.speaks_for(owner.pk)
    return is_ours or actor.has(Scope.ADMIN)


def may_end_reservation(actor: Actor, reservation: Reservation) -> bool:
    return may_reserve_for(actor, reservation.owner)
