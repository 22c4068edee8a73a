"""The warm sandboxes of one host: take one or start one, run a call, give it back.

One call at a time in a sandbox, and one payer for its life unless the version is shareable,
because identity inside (`.my`, `.session`, nested calls) belongs to the call in progress.
Calls that find none free wait in arrival order, for a bounded time and in a bounded number.

Not thread-safe: everything runs on one event loop.
"""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import logging
import time
from collections import deque
from collections.abc import Coroutine
from typing import Any, Final

from runners import machines
from runners.errors import NoRunner, PlatformFault, QueueFull
from runners.groups import (
    Group,
    Hear,
    LoadFailed,
    PoolLimits,
    Waiter,
    is_stale,
    oldest_idle,
    unheard,
)
from runners.instance import Instance, Surroundings
from runners.specs import Failure, Invocation, LoadReport, Outcome, Phase, RunSpec, Timings
from runners.tunnels import Talk

logger = logging.getLogger(__name__)

_JANITOR_SECONDS: Final = 5.0


class Pool:
    def __init__(self, around: Surroundings, limits: PoolLimits) -> None:
        self._around = around
        self._limits = limits
        self._groups: dict[tuple[RunSpec, str], Group] = {}
        self._waiting: deque[Waiter] = deque()
        self._instances: set[Instance] = set()
        self._kept: dict[str, Instance] = {}  # by the name in their spec
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._janitor: asyncio.TimerHandle | None = None
        self._is_stopping = False

    @property
    def busy(self) -> int:
        return sum(len(group.busy) for group in self._groups.values())

    @property
    def load(self) -> int:
        """Calls being run or waiting: what a gateway compares runners by."""
        return self.busy + len(self._waiting)

    @property
    def machines(self) -> frozenset[str]:
        """The kinds of machine it runs calls for."""
        return self._limits.machines

    def takes(self, spec: RunSpec) -> bool:
        return spec.machine in self._limits.machines

    async def run(self, spec: RunSpec, invocation: Invocation, talk: Talk = None) -> Outcome:
        """Run one call; raise NoRunner or QueueFull if nothing can take it, PlatformFault if we fail.

        With a talk, the author's app is spoken to as it is (runners/tunnels.py).
        A cancelled call is over when this raises: work nobody waits for is not gone on with.
        """
        arrived = time.perf_counter()
        group = self._group(spec, invocation.payer)
        try:
            instance, is_cold = await self._take(group, invocation)
        except LoadFailed as failed:
            return Outcome(failure=failed.failure, stdout=failed.stdout, timings=failed.timings)
        waited = int((time.perf_counter() - arrived) * 1_000_000)
        start, load = (instance.start_us, instance.load_us) if is_cold else (0, 0)
        before = Timings(queue=max(0, waited - start - load), start=start, load=load)
        try:
            invocation.enter(Phase.RUNNING)
            return await instance.run(invocation, before, talk)
        except asyncio.CancelledError:  # the instance has ended the call, or itself
            raise
        except BaseException:
            instance.discard()
            raise
        finally:
            self._give_back(group, instance)

    async def check_load(self, spec: RunSpec, token: str) -> LoadReport:
        """Load the module once in a sandbox of its own and end it."""
        began = time.perf_counter()
        if self._limits.lack_gpu(spec, self._groups.values()):
            self._room(Group(spec, ""), 1, make=True)  # else it waits a moment for one
        instance = self._new_instance(spec, payer="check")
        try:
            failure = await instance.start(lambda: token, unheard)
        finally:
            self._in_background(instance.close())
        stdout = instance.load_stdout.decode(errors="replace")
        return LoadReport(failure, stdout, time.perf_counter() - began, instance.manifest)

    async def keep(
        self, spec: RunSpec, payer: str, token: str, hear: Hear | None, *, name: str = ""
    ) -> Failure | None:
        """Have a sandbox that stays until `release`; NoRunner if it finds no place.

        It is a service's, which `spec.kept` names, or has a name and serves this payer's calls.
        """
        is_reserved, name = bool(name), name or spec.kept
        if self._is_stopping or len(self._kept) >= self._limits.kept or name in self._kept:
            raise NoRunner("All places for sandboxes that are kept are taken.", retry_after=5)
        group = self._group(spec, payer, is_own=is_reserved)
        if is_reserved and (spare := group.spare(self._is_kept)) is not None:
            spare.kept_as, self._kept[name] = name, spare
            return None
        if not self._room(group, 0, make=True):
            raise NoRunner("All sandboxes of this runner are in use.", retry_after=5)
        instance = self._new_instance(spec, group.payer, hear)
        instance.kept_for, instance.kept_as = payer, name
        self._instances.add(instance)
        self._kept[name] = instance
        group.starting += 1
        failure: Failure | None = Failure("It was not started.")
        try:
            failure = await instance.start(lambda: token, unheard)
        finally:
            group.starting -= 1
            if failure is not None or not self._is_kept(instance):
                failure = failure or Failure("It was given up while it started.")
                if self._is_kept(instance):
                    del self._kept[name]
                self._drop(instance)
                self._dispatch()
        if failure is None:
            group.busy.add(instance)
            self._give_back(group, instance)
        return failure

    def kept(self, name: str) -> Instance | None:
        return self._kept.get(name)

    def release(self, name: str) -> None:
        """Let a call that it is in end, and then keep it no longer."""
        instance = self._kept.pop(name, None)
        if instance is None:
            return
        for group in self._groups.values():
            if instance in group.idle:
                group.idle.remove(instance)
                self._drop(instance)
                self._dispatch()
        if not any(instance in group.busy for group in self._groups.values()):
            instance.discard()  # nobody waits for it to be ready

    async def stop(self) -> None:
        """End every sandbox; calls still running fail."""
        self._is_stopping = True
        if self._janitor is not None:
            self._janitor.cancel()
        for waiter in self._waiting:
            if not waiter.taken.done():
                waiter.taken.set_exception(NoRunner("The runner is shutting down."))
        instances = [*self._instances]
        for instance in instances:
            instance.discard()
        await asyncio.gather(*(instance.close() for instance in instances))
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=10)

    # Taking and giving back

    async def _take(self, group: Group, invocation: Invocation) -> tuple[Instance, bool]:
        """Give an instance that is now busy for us, and whether it was started for us."""
        if self._is_stopping:
            raise NoRunner("The runner is shutting down.")
        if not self.takes(group.spec):
            raise NoRunner(machines.missing(group.spec.machine), retry_after=5)
        while group.idle:
            instance = group.idle.pop()
            if instance.is_usable:
                group.busy.add(instance)
                return instance, False
            self._drop(instance)
        return await self._wait(group, invocation)

    async def _wait(self, group: Group, invocation: Invocation) -> tuple[Instance, bool]:
        if len(self._waiting) >= self._limits.queue_length:
            raise QueueFull("Too many calls are waiting on this runner.", retry_after=5)
        if invocation.depth and not self._can_come(group, invocation.depth):
            raise NoRunner(
                "No sandbox is free for a call made by an algorithm, and waiting for one could "
                "take for ever, since all are held by algorithms that wait for such calls.",
                retry_after=5,
            )
        loop = asyncio.get_running_loop()
        waiter = Waiter(group, invocation, loop.create_future())
        self._waiting.append(waiter)
        group.waiting += 1
        invocation.enter(Phase.QUEUED)
        timer = loop.call_later(invocation.queue_seconds, self._expire, waiter)
        self._serve(waiter)
        try:
            instance = await waiter.taken
        except asyncio.CancelledError:
            if waiter.taken.done() and not waiter.taken.cancelled():
                self._give_back(group, waiter.taken.result())
            raise
        finally:
            timer.cancel()
            self._leave(waiter)
        return instance, instance.calls == 0

    def _expire(self, waiter: Waiter) -> None:
        """End a wait in line that took too long; a sandbox being started has limits of its own."""
        if waiter.taken.done():
            return
        if waiter.group.starting:
            asyncio.get_running_loop().call_later(1, self._expire, waiter)
            return
        seconds = waiter.invocation.queue_seconds
        sentence = f"No sandbox became free within {seconds:g} seconds."
        self._leave(waiter)
        waiter.taken.set_exception(QueueFull(sentence, retry_after=10))

    def _leave(self, waiter: Waiter) -> None:
        if waiter in self._waiting:
            self._waiting.remove(waiter)
            waiter.group.waiting -= 1

    def _give_back(self, group: Group, instance: Instance) -> None:
        group.busy.discard(instance)
        if (
            not instance.is_usable
            or self._is_stopping
            or (instance.is_heard and not self._is_kept(instance))
        ):
            self._drop(instance)
        else:
            instance.idle_since = time.monotonic()
            first = self._waiting[0] if self._waiting else None
            if first is not None and first.group is group and not first.taken.done():
                self._hand_over(group, instance, first)
                return
            is_extra = not self._is_kept(instance) and any(map(self._is_kept, group.idle))
            group.idle.insert(0 if is_extra else len(group.idle), instance)  # the last is next
        if self._waiting:
            self._dispatch()

    def _dispatch(self) -> None:
        """Hand free sandboxes to those who wait, in arrival order, and start what is missing."""
        for waiter in list(self._waiting):
            self._serve(waiter)

    def _serve(self, waiter: Waiter) -> None:
        group = waiter.group
        if waiter.taken.done():
            return
        while group.idle and not group.idle[-1].is_usable:
            self._drop(group.idle.pop())
        if group.idle:
            self._hand_over(group, group.idle.pop(), waiter)
        elif group.starting < group.waiting and self._room(
            group, waiter.invocation.depth, make=True
        ):
            group.starting += 1
            self._in_background(self._start(group, waiter.invocation))

    def _hand_over(self, group: Group, instance: Instance, waiter: Waiter) -> None:
        group.busy.add(instance)
        self._leave(waiter)
        waiter.taken.set_result(instance)

    def _room(self, group: Group, depth: int, *, make: bool) -> bool:
        """Whether one more sandbox of the group may be started, ending an idle one if need be.

        Calls from inside sandboxes may go over the limit by as much again: the caller holds a
        sandbox while it waits, and has to get on.
        """
        if self._limits.are_reached(group, depth, self._groups.values()):
            return False
        slots = self._limits.slots * (2 if depth else 1)
        lacks_gpu = self._limits.lack_gpu(group.spec, self._groups.values())
        if len(self._instances) < slots and not lacks_gpu:
            return True
        others = [other for other in self._groups.values() if other is not group]
        others = [other for other in others if other.spec.gpu or not lacks_gpu]
        oldest = oldest_idle(others, self._is_kept)
        if oldest is None:
            return False
        if make:
            oldest[0].idle.remove(oldest[1])
            self._drop(oldest[1])
        return True

    def _is_kept(self, instance: Instance) -> bool:
        return self._kept.get(instance.kept_as) is instance

    def _can_come(self, group: Group, depth: int) -> bool:
        """Whether a call made by an algorithm gets a sandbox, now or when another call ends.

        A sandbox whose own algorithm waits for such a call may wait for this very one.
        """
        if self._room(group, depth, make=False):
            return True
        groups = list(self._groups.values())
        if self._limits.are_reached(group, depth, groups):
            groups = [group]
        if self._limits.lack_gpu(group.spec, self._groups.values()):
            groups = [other for other in groups if other.spec.gpu]
        return any(
            other.starting or any(not one.waits_for_others for one in other.busy)
            for other in groups
        )

    # Starting and ending

    async def _start(self, group: Group, invocation: Invocation) -> None:
        instance = self._new_instance(group.spec, group.payer)
        self._instances.add(instance)
        problem: Exception | None = None
        try:
            failure = await instance.start(invocation.token, invocation.enter)
            if failure is not None:
                problem = LoadFailed(failure, instance)
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it
            logger.warning("A sandbox of %s did not start: %s", group.spec.algorithm, error)
            problem = PlatformFault("A sandbox could not be started.")  # the host's paths stay here
        finally:
            group.starting -= 1
        if problem is None:
            group.busy.add(instance)  # for a moment, so that giving it back hands it to who waits
            self._give_back(group, instance)
        else:
            self._drop(instance)
            self._fail(group, problem)

    def _fail(self, group: Group, problem: Exception) -> None:
        """Tell the one who waits longest; everyone, if nothing else of the group is alive."""
        concerned = [waiter for waiter in self._waiting if waiter.group is group]
        concerned = [waiter for waiter in concerned if not waiter.taken.done()]
        for waiter in concerned if not group.size else concerned[:1]:
            self._leave(waiter)
            waiter.taken.set_exception(problem)
        self._dispatch()

    def _new_instance(self, spec: RunSpec, payer: str, hear: Hear | None = None) -> Instance:
        name = f"{next(self._numbers)}-{time.monotonic_ns() % 1_000_000:06d}"
        return Instance(name, spec, payer, self._around, hear)

    def _drop(self, instance: Instance) -> None:
        self._instances.discard(instance)
        instance.discard()
        self._in_background(instance.close())

    def _group(self, spec: RunSpec, payer: str, *, is_own: bool = False) -> Group:
        kept = self._kept.get(spec.kept)
        spec = kept.spec if kept is not None else spec  # as it was when that was started
        is_own = is_own or (spec, payer) in self._groups  # it has reserved some
        key = (spec, payer if is_own or not spec.is_shareable else "")
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(*key)
            self._watch()
        return group

    def _watch(self) -> None:
        if self._janitor is None and not self._is_stopping:
            loop = asyncio.get_running_loop()
            self._janitor = loop.call_later(_JANITOR_SECONDS, self._tidy)

    def _tidy(self) -> None:
        """End what nobody used for a while, and forget empty groups."""
        self._janitor = None
        oldest = time.monotonic() - self._limits.idle_seconds
        for key, group in list(self._groups.items()):
            stale = [one for one in group.idle if is_stale(one, oldest) and not self._is_kept(one)]
            for instance in stale:
                group.idle.remove(instance)
                self._drop(instance)
            if not group.size and not group.waiting:
                del self._groups[key]
        if self._groups:
            self._watch()

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        context = contextvars.Context()  # a sandbox belongs to no request, not even its first
        task = asyncio.get_running_loop().create_task(work, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
