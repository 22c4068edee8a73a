"""What runs sandboxes for this process: a pool of its own, or runners elsewhere.

Three kinds of process ask here. The embedded site has a pool on the server's event loop
(`start_pool`). A web process of a larger installation reaches runners by their rows
(`start_fleet`). A runner process (a Celery worker) has a pool on a loop in a thread and
serves it to the web processes (`start_runner`).
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import os
import socket
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar
from urllib.parse import urlsplit

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone

from runners import backends, environments_sync, machines, remote
from runners.backends.base import Backend
from runners.errors import NoRunner
from runners.forwarding import Forwarder
from runners.groups import PoolLimits
from runners.instance import Surroundings
from runners.models import Runner
from runners.pool import Pool
from runners.refusals import Refusals
from runners.relay import Application
from runners.specs import Failure, Invocation, LoadReport, Outcome, RunSpec
from runners.tunnels import Exchange

logger = logging.getLogger(__name__)
T = TypeVar("T")

HEARTBEAT_SECONDS: Final = 2.0
LOOK_SECONDS: Final = 15.0
LOST_AFTER: Final = timedelta(seconds=10)


class _Host:
    """The state of this process; one of `pool` and `fleet` is set while it runs."""

    loop: asyncio.AbstractEventLoop | None = None
    pool: Pool | None = None
    fleet: remote.Fleet | None = None
    backend: Backend | None = None
    row: Runner | None = None
    thread: threading.Thread | None = None
    server: asyncio.Server | None = None
    beat: asyncio.Task[None] | None = None
    look: asyncio.Task[None] | None = None
    refusals: Refusals | None = None
    last_works: ClassVar[list[Callable[[], None]]] = []


_host = _Host()


async def run(spec: RunSpec, invocation: Invocation, exchange: Exchange | None = None) -> Outcome:
    """Run one call wherever it can be run; raises what Pool.run raises."""
    if _host.pool is not None and (_host.pool.takes(spec) or _host.fleet is None):
        return await _host.pool.run(spec, invocation, exchange)
    if _host.fleet is not None:
        return await _host.fleet.run(spec, invocation, exchange)
    raise NoRunner("This process has no runner.")


def check_load(spec: RunSpec, token: str) -> LoadReport:
    """Load a module once, from a worker's thread; only where this process has a pool."""
    if _host.pool is None:
        raise NoRunner("Builds run on a runner, and this process is none.")
    return wait_for(_host.pool.check_load(spec, token))


def keep(
    spec: RunSpec, payer: str, token: str, hear: Callable[[str], None] | None, *, name: str = ""
) -> Failure | None:
    """Start a sandbox of this runner that stays, as `Pool.keep` says; from a worker's thread."""
    if _host.pool is None:
        raise NoRunner("Sandboxes are kept by runners, and this process is none.")
    return wait_for(_host.pool.keep(spec, payer, token, hear, name=name))


@dataclass(frozen=True, slots=True)
class Kept:
    """How a sandbox is that is kept."""

    busy_us: int  # spent in calls until now
    gone: str = ""  # why it cannot be used any more, if so


def kept(name: str) -> Kept | None:
    """How it is; None if this process keeps no such sandbox."""
    return wait_for(_how_is(name)) if _host.pool is not None else None


async def _how_is(name: str) -> Kept | None:
    instance = _host.pool.kept(name) if _host.pool is not None else None
    if instance is None:
        return None
    if instance.is_usable:
        return Kept(instance.busy_us)
    return Kept(instance.busy_us, await instance.why_gone())


def release(name: str) -> None:
    """Keep it no longer; harmless where it is not kept."""
    if _host.pool is not None:
        wait_for(_released(name))


async def _released(name: str) -> None:
    if _host.pool is not None:
        _host.pool.release(name)


def name() -> str:
    """What this process is called as a runner; empty where it is not registered as one."""
    return _host.row.name if _host.row is not None else ""


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the loop of this process's runner, from any other thread.

    In a context of its own: what it serves in turn (a sandbox's requests to the platform) must
    not believe to be part of the request whose thread waits here, and wait for that thread.
    """
    if _host.loop is None:
        work.close()
        raise NoRunner("This process has no runner.")
    submit = asyncio.run_coroutine_threadsafe
    return contextvars.Context().run(submit, work, _host.loop).result()


def is_running() -> bool:
    return _host.loop is not None


def has_runner_for(machine: str) -> bool:
    """Whether something that is such a machine can run calls now."""
    if _host.pool is not None and machine in _host.pool.machines:
        return True
    seen = Runner.objects.filter(last_seen_at__gt=timezone.now() - LOST_AFTER)
    return any(machine in kinds for kinds in seen.values_list("machines", flat=True))


def is_anyone_running() -> bool:
    """Whether calls could be run: by a pool of this process or by runners seen a moment ago."""
    seen = Runner.objects.filter(last_seen_at__gt=timezone.now() - LOST_AFTER)
    return _host.pool is not None or seen.exists()


def backend() -> Backend:
    """The sandbox backend of this machine, by the RUNNER_BACKEND setting."""
    if _host.backend is None:
        _host.backend = backends.make(
            settings.RUNNER_BACKEND,
            data_dir=Path(settings.DATA_DIR),
            docker_host=settings.DOCKER_HOST,
            docker_runtime=settings.DOCKER_RUNTIME,
            devices=settings.GPU_DEVICES,
            sandboxes_per_device=settings.GPU_SANDBOXES,
        )
    return _host.backend


async def start_pool(platform: Application) -> Pool:
    """Give this process a pool on the running loop."""
    loop = asyncio.get_running_loop()
    chosen = await loop.run_in_executor(None, backend)
    for weakness in chosen.weaknesses():
        logger.warning("Sandboxes by %s: %s", chosen.name, weakness)
    left_behind = await loop.run_in_executor(None, chosen.sweep)
    if left_behind:
        logger.warning("Ended %d sandboxes that a dead process left behind.", left_behind)
    refusals = Refusals()
    around = Surroundings(
        backend=chosen,
        platform=platform,
        platform_host=urlsplit(settings.PLATFORM_URL).netloc,
        executor=ThreadPoolExecutor(16, thread_name_prefix="sandbox"),
        parallel_calls=settings.CALL_TREE_LIMIT,
        trusted_hosts=frozenset(settings.EGRESS_ALLOWED_HOSTS),
        refused=refusals.note,
    )
    limits = PoolLimits(
        slots=settings.RUNNER_SLOTS,
        slots_per_version=settings.RUNNER_SLOTS_PER_VERSION,
        slots_per_payer=settings.RUNNER_SLOTS_PER_PAYER,
        queue_length=settings.RUNNER_QUEUE_LENGTH,
        idle_seconds=settings.RUNNER_IDLE_SECONDS,
        machines=frozenset(machines.here()),
        gpu_slots=await loop.run_in_executor(None, chosen.gpu_slots),
    )
    pool = Pool(around, limits)
    _host.loop, _host.pool, _host.refusals = loop, pool, refusals
    _host.look = loop.create_task(_look_for_ever())
    return pool


async def _look_for_ever() -> None:
    """Find what staff add while we run."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            await sync_to_async(_look)()
        except Exception:
            logger.exception("New environments could not be looked for")


def _look() -> None:
    close_old_connections()
    environments_sync.look_again(backend)


async def start_fleet() -> None:
    """Let this process reach the runners that say they are alive."""
    _host.loop, _host.fleet = asyncio.get_running_loop(), remote.Fleet()
    await _renew(_host.fleet)
    _host.beat = _host.loop.create_task(_renew_for_ever(_host.fleet))


def before_stop(work: Callable[[], None]) -> None:
    """Have something done, in a thread, before this process's pool ends."""
    _host.last_works.append(work)


async def stop() -> None:
    """End the pool or let go of the fleet; harmless if neither was started."""
    for work in _host.last_works if _host.loop is not None else ():
        await asyncio.to_thread(work)
    for task in (_host.beat, _host.look):
        if task is not None:
            task.cancel()
    if _host.server is not None:
        _host.server.close()
    if _host.fleet is not None:
        _host.fleet.close()
    if _host.pool is not None:
        await _host.pool.stop()
    if _host.refusals is not None:
        await _host.refusals.write()
    if _host.row is not None:
        await _host.row.adelete()
    _host.loop = _host.pool = _host.fleet = _host.row = _host.server = _host.beat = None
    _host.refusals = _host.look = None


def start_runner() -> None:
    """Make this process a runner: a pool on a loop in a thread, served at RUNNER_ADDRESS."""
    started = threading.Event()
    problems: list[BaseException] = []

    def serve() -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(_start_serving())
        except BaseException as error:  # noqa: BLE001 - the starter must hear of it
            problems.append(error)
            started.set()
            return
        started.set()
        loop.run_forever()

    _host.thread = threading.Thread(target=serve, name="runner", daemon=True)
    _host.thread.start()
    started.wait()
    if problems:
        raise problems[0]


def stop_runner() -> None:
    """End the runner of this process and everything it runs."""
    loop, thread = _host.loop, _host.thread
    if loop is None or thread is None:
        return
    asyncio.run_coroutine_threadsafe(stop(), loop).result(timeout=30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(timeout=10)
    _host.thread = None


async def _start_serving() -> None:
    pool = await start_pool(Forwarder(settings.PLATFORM_URL))
    address = settings.RUNNER_ADDRESS
    if not address:
        return  # builds only: no web process sends calls here
    _host.server = await remote.listen(address, lambda: remote.PoolServer(pool))
    _host.row = await sync_to_async(_register)(address)
    _host.fleet = remote.Fleet()  # for work of tasks that needs another machine than this
    _host.beat = asyncio.get_running_loop().create_task(_beat_for_ever(_host.row, _host.fleet))


def _register(address: str) -> Runner:
    Runner.objects.filter(address=address).delete()  # a predecessor that was killed
    return Runner.objects.create(
        name=f"{socket.gethostname()}-{os.getpid()}",
        address=address,
        backend=backend().name,
        slots=settings.RUNNER_SLOTS,
        machines=list(machines.here()),
        last_seen_at=timezone.now(),
    )


async def _beat_for_ever(row: Runner, others: remote.Fleet) -> None:
    while True:
        with contextlib.suppress(Exception):  # the database may be away for a moment
            await sync_to_async(_beat)(row)
            await _renew(others, besides=row.address)
        await asyncio.sleep(HEARTBEAT_SECONDS)


def _beat(row: Runner) -> None:
    close_old_connections()
    Runner.objects.filter(pk=row.pk).update(last_seen_at=timezone.now())


async def _renew_for_ever(fleet: remote.Fleet) -> None:
    while True:
        await asyncio.sleep(HEARTBEAT_SECONDS)
        try:
            await _renew(fleet)
        except Exception:
            logger.exception("The list of runners could not be read")


async def _renew(fleet: remote.Fleet, *, besides: str = "") -> None:
    alive = await sync_to_async(_alive)()
    await fleet.renew(each for each in alive if each.address != besides)


def _alive() -> list[remote.RunnerInfo]:
    close_old_connections()
    rows = Runner.objects.filter(last_seen_at__gt=timezone.now() - LOST_AFTER)
    return [
        remote.RunnerInfo(row.name, row.address, row.slots, frozenset(row.machines)) for row in rows
    ]
