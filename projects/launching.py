"""A service goes online and offline; what a dead runner left behind is started again.

The row of the launch is the truth. A runner takes a row that is starting (keeping.py), says with
a heartbeat that it has it, and gives it up when the row says something else.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

from celery import current_app, shared_task
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from algorithms import builds, charging, repositories, resolving
from algorithms.models import Build
from algorithms.permissions import may_build
from billing import kept_time
from billing.kept_time import Kept
from marketplace.accounts import actors, audit
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.accounts.scopes import Scope
from marketplace.lib.errors import BadInput, Conflict, MarketplaceError, TooMany, Unavailable
from projects import setup_options, telling
from projects.launch_logs import LOG
from projects.models import Launch, Service
from projects.permissions import may_put_online, may_take_offline
from runners import contracts, host, machines

logger = logging.getLogger(__name__)

LOST_AFTER: Final = timedelta(seconds=20)
ASK_AGAIN_SECONDS: Final = 60
MOST_IN_VAIN: Final = 5
"""How often a runner is asked for while there is none."""

CREDIT_FOR_MS: Final = 10 * 60 * 1000
"""An owner must be able to pay for so much waiting when a service goes online."""

_NOT_A_SERVER: Final = gettext_noop(
    "This version is a function, not a server: it needs nothing kept online. Call it by its version."
)
_PLATFORM_FAILED: Final = "The platform could not start it; put it online again."
_BUILD_FAILED: Final = gettext_noop("The build did not succeed: %(error)s")


def present(service: Service) -> Launch | None:
    """The latest launch of a service; None if it was only registered until now."""
    found: Launch | None = service.launches.select_related("build", "version", "started_by").first()
    return found


def go_online(service: Service, *, by: Actor) -> Launch:
    """Build what is not built and put it online, at its owner's expense."""
    by.require(may_put_online, service)
    algorithm = service.algorithm
    if algorithm.owner_id != service.owner_id:
        raise BadInput(
            _("%(algorithm)s belongs to somebody else by now; register it where it belongs.")
            % {"algorithm": algorithm}
        )
    resolving.refuse_quarantined(algorithm)
    _check_quota(service)
    build = service.version.build if service.version else _newest(service, by)
    machine = build.environment.machine
    if machine != machines.CPU and not host.has_runner_for(machine):
        raise Unavailable(machines.missing(machine))
    kept_time.check(kept(service, build, by.user_id), CREDIT_FOR_MS)
    is_built = build.state == Build.State.SUCCEEDED
    ready = _ready(service, build, by) if is_built else None
    with transaction.atomic():
        Owner.objects.select_for_update().get(pk=service.owner_id)
        _check_quota(service)
        last = service.launches.aggregate(last=Max("number"))["last"] or 0
        launch = service.launches.create(
            number=last + 1,
            state=Launch.State.STARTING if is_built else Launch.State.BUILDING,
            build=build,
            version=service.version,
            port=service.port,
            options=ready.options if ready else {},
            files=ready.files if ready else [],
            started_by_id=by.user_id,
            rate=rate_of(service),
            scopes=sorted(by.scopes),
        )
        audit.record(by, "put a service online", service, launch=str(launch.number))
        LOG.append(launch.pk, f"Launch {launch.number}, begun by {by.name}\n")
        if is_built:
            transaction.on_commit(partial(_queue, launch.pk, machine))
        else:
            LOG.append(launch.pk, f"Building {build.commit[:8]} first; the build has its own log\n")
    return launch


def take_offline(service: Service, *, by: Actor, because: str = "") -> Launch:
    """End what is online or on its way there; the call that runs in it may end first."""
    by.require(may_take_offline, service)
    launch = service.launches.live().first()
    if launch is None:
        raise Conflict(_("%(service)s is offline already.") % {"service": service})
    reason = f"{by.name} took it offline."
    if because.strip():
        reason = f"{reason} {because.strip()[:300]}"
    end(launch, Launch.State.OFFLINE, reason)
    audit.record(by, "took a service offline", service, because=because.strip()[:300])
    if not may_put_online(by, service):
        telling.taken_offline(service, reason)
    launch.refresh_from_db()
    return launch


def end(launch: Launch, state: Launch.State, reason: str) -> bool:
    """Write the end of a launch, once; give whether this was it."""
    mine = Launch.objects.live().filter(pk=launch.pk)
    with transaction.atomic():
        ended = mine.update(state=state, reason=reason, ended_at=timezone.now())
        if ended:
            LOG.close(launch.pk, f"\n{reason}\n")
    resolving.forget_all()
    return bool(ended)


def go_on(build_id: UUID) -> None:
    """A build has ended: start what waits for it."""
    build = Build.objects.filter(pk=build_id).first()
    waiting = Launch.objects.filter(build_id=build_id, state=Launch.State.BUILDING)
    if build is None or not build.has_ended:
        return
    for launch in waiting.select_related("service__algorithm__owner", "started_by"):
        try:
            _after_build(launch, build)
        except Exception:
            logger.exception("Launch %s could not go on after its build", launch.pk)
            end(launch, Launch.State.FAILED, _PLATFORM_FAILED)


@shared_task(name="projects.launching.recover", acks_late=True)
def recover() -> None:
    """Start again what nobody looks after, and what waited for a build that has ended."""
    for build_id in Launch.objects.filter(state=Launch.State.BUILDING).values_list(
        "build_id", flat=True
    ):
        go_on(build_id)
    lost = timezone.now() - LOST_AFTER
    for launch in Launch.objects.live().filter(heartbeat_at__lt=lost):
        mine = Launch.objects.live().filter(pk=launch.pk, attempts=launch.attempts)
        again = {"state": Launch.State.STARTING, "heartbeat_at": None, "runner": ""}
        number = launch.attempts + 1  # should its keeper wake up, the row is not its own
        if mine.exclude(state=Launch.State.BUILDING).update(attempts=number, **again):
            LOG.append(launch.pk, "\nIts runner was lost; it is started again.\n\n")
    waiting = Launch.objects.filter(state=Launch.State.STARTING, heartbeat_at=None)
    for launch in waiting.select_related("build__environment", "service__project__owner"):
        try:
            _ask_again(launch)
        except Exception:
            logger.exception("Launch %s could not be looked after", launch.pk)
    try:
        setup_options.sweep()
    except OSError:
        logger.exception("Files that no service needs any more could not be removed")


def rate_of(service: Service) -> int:
    """What a second of waiting costs the owner now: what a second of running costs a caller."""
    build = service.version.build if service.version else None
    environment = build.environment if build else service.algorithm.environment
    return charging.rate_of(environment.rate, is_gpu=environment.is_gpu)


def kept(service: Service, build: Build, member_id: int | None) -> Kept:
    """What its owner pays for."""
    return Kept(
        owner_id=service.owner_id,
        member_id=member_id,
        algorithm_id=service.algorithm_id,
        version_id=service.version_id,
        path=str(service.algorithm),
        version=str(service.version.number) if service.version else build.commit,
        digest=build.source_digest,
        tag=f"{service.project.name}/{service.name}",
        rate=rate_of(service),
    )


def starter(launch: Launch) -> Actor:
    """Who began it, with the rights they began it with and still have."""
    person = actors.of_session(launch.started_by)
    return replace(person, scopes=person.scopes & {Scope(scope) for scope in launch.scopes})


def _newest(service: Service, by: Actor) -> Build:
    """The build of the newest commit: the one there is, else one that begins now."""
    by.require(may_build, service.algorithm)
    commit = repositories.head(service.algorithm_id)
    done: Build | None = service.algorithm.builds.succeeded().filter(commit=commit).first()
    return done or builds.start_or_join(service.algorithm, by=by, commit=commit)


def _ready(service: Service, build: Build, by: Actor) -> setup_options.Prepared:
    if not contracts.get(build.contract).starts_a_process:
        raise BadInput(_(_NOT_A_SERVER))
    schema = setup_options.of_build(build)
    values = setup_options.checked(service.options, schema, by=by)
    return setup_options.prepared(values, schema, by=by)


def _after_build(launch: Launch, build: Build) -> None:
    if build.state != Build.State.SUCCEEDED:
        error = build.error or build.get_state_display()
        end(launch, Launch.State.FAILED, _BUILD_FAILED % {"error": error})
        return
    try:
        ready = _ready(launch.service, build, starter(launch))
    except MarketplaceError as error:
        end(launch, Launch.State.FAILED, error.message)
        return
    waiting = Launch.objects.filter(pk=launch.pk, state=Launch.State.BUILDING)
    with transaction.atomic():
        changed = {"options": ready.options, "files": ready.files, "build": build}
        if waiting.update(state=Launch.State.STARTING, **changed):
            LOG.append(launch.pk, f"Built {build.commit[:8]}\n")
            transaction.on_commit(partial(_queue, launch.pk, build.environment.machine))


def _ask_again(launch: Launch) -> None:
    """Ask for a runner once a minute; the end, if there was none for some minutes.

    What waits for minutes in which nobody asked (the site was off) has not waited in vain.
    """
    if not cache.add(f"launch-asked-{launch.pk}-{launch.attempts}", True, ASK_AGAIN_SECONDS):
        return
    machine = launch.build.environment.machine
    in_vain = f"launch-in-vain-{launch.pk}"
    if host.has_runner_for(machine):
        cache.delete(in_vain)
    else:
        cache.add(in_vain, 0, ASK_AGAIN_SECONDS * MOST_IN_VAIN * 2)
        if cache.incr(in_vain) >= MOST_IN_VAIN:
            reason = machines.missing(machine)
            if end(launch, Launch.State.FAILED, reason):
                telling.failed(launch, reason, "")
            return
    _queue(launch.pk, machine)


def _check_quota(service: Service) -> None:
    live = Launch.objects.live().filter(service__owner=service.owner_id)
    if live.filter(service=service.pk).exists():
        raise Conflict(
            _("%(service)s is online already, or on its way there.") % {"service": service}
        )
    most = settings.SERVICES_PER_ACCOUNT
    if live.count() >= most:
        raise TooMany(
            _("%(owner)s has %(most)s services online, which is its limit; take one offline first.")
            % {"owner": service.owner, "most": most},
            retry_after=60,
        )


def _queue(launch_id: UUID, machine: str) -> None:
    try:
        current_app.send_task(
            "projects.keeping.bring_up",
            args=[str(launch_id)],
            queue=machines.queue("call", machine),
        )
    except Exception:
        logger.exception("Launch %s could not be queued; the timetable will do it", launch_id)
