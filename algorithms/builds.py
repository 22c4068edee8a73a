"""A build's whole life: start, run (the task), cancel, and recover what a dead worker left.

The row is the truth, the message a hint: whoever gets one takes the row if it is still queued.
The worker writes a heartbeat; a row whose heart has stopped is queued again. Only who took it last
may end it.
"""

from __future__ import annotations

import logging
import tempfile
import threading
import time
import uuid
from collections.abc import Generator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from celery import shared_task
from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.db.models import F, Q
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext as _

from algorithms import (
    build_logs,
    cases,
    checkouts,
    environments,
    manifests,
    repositories,
    resolving,
)
from algorithms.models import Algorithm, Build
from algorithms.permissions import may_build
from marketplace.accounts import actors, audit, limits, run_tokens
from marketplace.accounts.actors import Actor, RunningCall
from marketplace.accounts.scopes import Scope
from marketplace.lib.errors import (
    BadInput,
    Conflict,
    MarketplaceError,
    TooLarge,
    TooMany,
)
from marketplace.lib.ids import new_id
from runners import builder, dependency_sets, host, machines
from runners.builder import BuildResult, BuildSpec
from runners.errors import BuildFailed, RunnerError
from runners.specs import Invocation, Kind, Network, Outcome, RunSpec

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS: Final = 2.0
FLUSH_SECONDS: Final = 0.1
LOST_AFTER: Final = timedelta(seconds=20)
MAX_ATTEMPTS: Final = 3
CASE_SECONDS: Final = 60.0
build_ended: Final = Signal()  # with `build`, whose worker is done with it
_AGAIN: Final = "Your code is not at fault: start the build again."


@dataclass(frozen=True, slots=True)
class Ending:
    """How a build ended, and what it made if it succeeded."""

    state: Build.State
    error: str = ""
    result: BuildResult | None = None
    readme: str | None = None


class Stopped(Exception):
    """The row is no longer this worker's: it was cancelled, or given to another."""


def start(algorithm: Algorithm, *, by: Actor, commit: str | None = None) -> Build:
    """Queue a build of one commit, the newest if none is named."""
    by.require(may_build, algorithm)
    environment = algorithm.environment
    environments.require_buildable(environment)
    ours = Build.objects.filter(algorithm__owner=algorithm.owner)
    unfinished = ours.exclude(state__in=Build.ENDED)
    most = limits.builds_at_once(algorithm.owner_id)
    if unfinished.count() >= most:
        raise TooMany(
            _(
                "%(owner)s already has %(most)s builds waiting or running; wait for one or cancel "
                "it."
            )
            % {"owner": algorithm.owner, "most": most},
            retry_after=10,
        )
    wanted = commit or repositories.head(algorithm.pk)
    with transaction.atomic():
        build = Build.objects.create(
            algorithm=algorithm,
            commit=repositories.resolve(algorithm.pk, wanted),
            environment=environment,
            requested_by_id=by.user_id,
            requested_for_id=by.owner_id,
            scopes=sorted(_lent(by)),
        )
        transaction.on_commit(partial(_queue, build.pk, environment.machine))
    return build


def start_or_join(algorithm: Algorithm, *, by: Actor, commit: str | None = None) -> Build:
    """A build of the commit: the one under way, if somebody asks a second time for the same."""
    by.require(may_build, algorithm)
    wanted = repositories.resolve(algorithm.pk, commit or repositories.head(algorithm.pk))
    under_way = algorithm.builds.filter(commit=wanted, environment=algorithm.environment)
    present = under_way.exclude(state__in=Build.ENDED).first()
    return present or start(algorithm, by=by, commit=wanted)


def _lent(by: Actor) -> frozenset[Scope]:
    """What the code may do while it is loaded. A row holds no patterns, so a restricted key calls nothing."""
    return by.scopes if by.patterns is None else by.scopes - {Scope.CALL}


@shared_task(name="algorithms.builds.run", acks_late=True)
def run(build_id: str) -> None:
    """Build it; safe to deliver twice, since only a queued build is taken."""
    now = timezone.now()
    taken = Build.objects.filter(pk=build_id, state=Build.State.QUEUED).update(
        state=Build.State.RUNNING,
        started_at=now,
        heartbeat_at=now,
        attempts=F("attempts") + 1,
    )
    if not taken:
        return
    build = Build.objects.select_related("algorithm__owner", "environment").get(pk=build_id)
    build_logs.wake(build.pk)
    with Pulse(build) as pulse:
        ending = _attempt(build, pulse)
    if ending is not None:
        _end(build, ending)


def cancel(build: Build, *, by: Actor) -> None:
    """Stop a build that waits or runs; what it printed stays."""
    by.require(may_build, build.algorithm)
    going_on = Build.objects.filter(pk=build.pk).exclude(state__in=Build.ENDED)
    error = f"{by.name} cancelled it."
    ending = {"state": Build.State.CANCELLED, "error": error, "finished_at": timezone.now()}
    with transaction.atomic():
        if not going_on.update(**ending):
            raise Conflict(_("This build has already ended."))
        audit.record(by, "cancelled a build", build)
        build_logs.close(build.pk, f"\n{error}\n")
    build.refresh_from_db()


@shared_task(name="algorithms.builds.recover", acks_late=True)
def recover() -> None:
    """Queue again what nobody works on; give up on what has failed its workers too often."""
    running = Build.objects.filter(state=Build.State.RUNNING)
    forgotten = Q(heartbeat_at__lt=timezone.now() - LOST_AFTER) | Q(heartbeat_at=None)
    lost = running.filter(forgotten)
    for build in lost.filter(attempts__gte=MAX_ATTEMPTS).select_related("algorithm"):
        error = f"Its worker died {MAX_ATTEMPTS} times while building. {_AGAIN}"
        _end(build, Ending(Build.State.FAULT, error))
    for build in lost.filter(attempts__lt=MAX_ATTEMPTS):
        mine = running.filter(pk=build.pk, attempts=build.attempts)
        if mine.update(state=Build.State.QUEUED, heartbeat_at=None):
            build_logs.append(build.pk, "\nThe worker was lost; the build starts again.\n\n")
    queued = Build.objects.filter(state=Build.State.QUEUED)
    for build in queued.filter(forgotten).select_related("environment"):
        queued.filter(pk=build.pk).update(heartbeat_at=timezone.now())
        _queue(build.pk, build.environment.machine)


class Pulse:
    """A thread beside a build that stores its log and shows that the worker is alive."""

    def __init__(self, build: Build) -> None:
        self._mine = Build.objects.filter(
            pk=build.pk, state=Build.State.RUNNING, attempts=build.attempts
        )
        self._writer = build_logs.Writer(build.pk)
        self._is_done = threading.Event()
        self._is_lost = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"build-{build.pk}", daemon=True)

    @property
    def is_lost(self) -> bool:
        """Whether the build has been cancelled or given to another worker."""
        return self._is_lost.is_set()

    def stop_if_lost(self) -> None:
        if self.is_lost:
            raise Stopped

    def write(self, line: str) -> None:
        self._writer.write(line)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_done.set()
        self._thread.join()
        self._flush()

    def _beat(self) -> None:
        last = time.monotonic()
        try:
            while not self._is_done.wait(FLUSH_SECONDS) and not self.is_lost:
                is_due = time.monotonic() - last >= HEARTBEAT_SECONDS
                last = time.monotonic() if is_due else last
                self._work(is_due=is_due)
        finally:
            connection.close()

    def _work(self, *, is_due: bool) -> None:
        """A database that is away for a moment must not end a build."""
        try:
            if is_due:
                close_old_connections()
                if not self._mine.update(heartbeat_at=timezone.now()):
                    self._is_lost.set()
            self._flush()
        except Exception:
            logger.exception("The log of a build could not be stored; trying again")

    def _flush(self) -> None:
        """Store what was printed, unless the build has been ended by somebody else meanwhile."""
        if not self._writer.has_lines or self.is_lost:
            return
        with transaction.atomic():
            if self._mine.select_for_update().values_list("pk").first() is None:
                self._is_lost.set()
                return
            self._writer.flush()


def _queue(build_id: uuid.UUID, machine: str) -> None:
    try:
        run.apply_async((str(build_id),), queue=machines.queue("build", machine))
    except Exception:
        logger.exception("Build %s could not be queued; the timetable will do it", build_id)


def _attempt(build: Build, pulse: Pulse) -> Ending | None:
    """Build it once; None if the row has been taken away meanwhile."""
    try:
        with tempfile.TemporaryDirectory(prefix="build-", dir=checkouts.workplace()) as folder:
            tree = Path(folder)
            repositories.export(build.algorithm_id, build.commit, tree)
            result = _follow(_lines(build, tree, pulse), pulse)
            readme = checkouts.readme(tree, build.algorithm)
        return Ending(Build.State.SUCCEEDED, result=result, readme=readme)
    except Stopped:
        return None
    except (BuildFailed, BadInput, Conflict, TooLarge) as error:
        return Ending(Build.State.FAILED, str(error))
    except (RunnerError, MarketplaceError) as error:
        logger.warning("Build %s failed on our side: %s", build.pk, error)
        return Ending(Build.State.FAULT, f"{error} {_AGAIN}")
    except Exception:
        logger.exception("Build %s failed on our side", build.pk)
        return Ending(Build.State.FAULT, f"The platform failed while building. {_AGAIN}")


def _lines(build: Build, tree: Path, pulse: Pulse) -> Generator[str, None, BuildResult]:
    algorithm = build.algorithm
    promised = cases.read(tree)
    yield from manifests.verified(tree, reader=run_tokens.read(_token(build)))
    build.environment = checkouts.environment(build, tree)
    spec = BuildSpec(
        environment_slug=build.environment.slug,
        machine=build.environment.machine,
        is_gpu=build.environment.is_gpu,
        tree=tree,
        algorithm=str(algorithm),
        network=Network(algorithm.network_access),
        variables=resolving.variables(algorithm),
        limits=resolving.sandbox_limits(build.environment.memory_mb),
        contract=algorithm.contract,
        interpreter=build.environment.runtime,
        packages=tuple(build.environment.packages.splitlines()),
        base_lock=build.environment.lock,
    )
    result = yield from builder.build(
        spec,
        check=partial(host.check_load, token=_token(build)),
        memory=dependency_sets.memory_of(build.environment),
        pulse=pulse.stop_if_lost,
    )
    for line in cases.tried(promised, _caller(build, builder.run_spec(spec, result))):
        pulse.stop_if_lost()
        yield line
    return result


def _caller(build: Build, spec: RunSpec) -> cases.Call:
    """Call what was built, as whoever asked for the build; nobody pays for that."""
    payer = build.requested_for_id or build.algorithm.owner_id

    def call(kind: Kind, body: bytes) -> Outcome:
        invocation = Invocation(
            call_id=str(new_id()),
            payer=payer.hex,
            kind=kind,
            body=body,
            timeout=CASE_SECONDS,
            token=partial(_token, build),
        )
        return host.wait_for(host.run(spec, invocation))

    return call


def _follow(lines: Generator[str, None, BuildResult], pulse: Pulse) -> BuildResult:
    while True:
        try:
            pulse.write(next(lines))
        except StopIteration as end:
            result: BuildResult = end.value
            return result


def _token(build: Build) -> str:
    """Who the code is while it is loaded and tried: whoever asked for the build."""
    return run_tokens.sign(
        _requester(build),
        RunningCall(
            call_id=build.pk,
            root_id=build.pk,
            depth=0,
            algorithm_id=build.algorithm_id,
            algorithm_owner_id=build.algorithm.owner_id,
            algorithm_path=str(build.algorithm),
            may_call_others=build.algorithm.may_call_others,
        ),
        expires_in=settings.BUILD_TIMEOUT_SECONDS + 60,
    )


def _requester(build: Build) -> Actor:
    """Who asked, with the rights they asked with and still have."""
    person = actors.of_session(build.requested_by)
    scopes = person.scopes & {Scope(scope) for scope in build.scopes}
    if person.is_anonymous or build.requested_for_id in (None, person.owner_id):
        return replace(person, scopes=scopes)
    theirs = frozenset({build.requested_for_id})
    return replace(
        person,
        scopes=scopes,
        owner_id=build.requested_for_id,
        owner_ids=person.owner_ids & theirs,
        executes_for=person.executes_for & theirs,
    )


def _end(build: Build, ending: Ending) -> None:
    """Write the end of a build, unless it is no longer this attempt's to write."""
    mine = Build.objects.filter(pk=build.pk, state=Build.State.RUNNING, attempts=build.attempts)
    if ending.error and mine.exists():
        build_logs.close(build.pk, f"\n{ending.error}\n")
    with transaction.atomic():
        made = {} if ending.result is None else _made(build, ending.result)
        made |= {"state": ending.state, "error": ending.error, "finished_at": timezone.now()}
        ended = mine.update(**made)
        if ended:
            transaction.on_commit(partial(build_ended.send, Build, build=build))
        if ended and ending.readme is not None:
            Algorithm.objects.filter(pk=build.algorithm_id).update(readme=ending.readme)
    build_logs.wake(build.pk)


def _made(build: Build, result: BuildResult) -> dict[str, object]:
    return {
        "dependencies": dependency_sets.record(build.environment, result),
        "was_cached": not result.was_installed,
        "source_digest": result.source_digest,
        "module": result.module,
        "contract": result.contract,
        "interface": result.interface,
        "environment": build.environment,
    }
