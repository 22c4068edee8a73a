"""What a pool keeps account of: its limits, sandboxes that may serve the same calls, who waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from runners import machines
from runners.instance import Instance
from runners.specs import Failure, Invocation, Phase, RunSpec, Timings

Hear = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """How much one host takes on."""

    slots: int = 8  # sandboxes at the same time
    slots_per_version: int = 4  # of one version and payer
    slots_per_payer: int = 6  # busy for calls from outside, so that nobody has them all
    queue_length: int = 200  # calls that may wait
    idle_seconds: float = 300.0  # an unused sandbox is ended after this
    machines: frozenset[str] = frozenset({machines.CPU})  # the kinds this host is
    gpu_slots: int = 0  # sandboxes with a GPU at the same time

    @property
    def kept(self) -> int:
        """Sandboxes that may stay at the same time, for services and reservations: the others are for calls."""
        return max(1, self.slots // 2)

    def are_reached(self, group: Group, depth: int, groups: Iterable[Group]) -> bool:
        """Whether the group, or its payer, has as many sandboxes as it may have.

        Idle ones can be ended, so that a payer does not keep them from others.
        """
        if group.size >= self.slots_per_version * (2 if depth else 1):
            return True
        mine = [one for one in groups if group.payer and one.payer == group.payer]
        held = sum(len(one.busy) + one.starting for one in mine)
        return depth == 0 and held >= self.slots_per_payer

    def lack_gpu(self, spec: RunSpec, groups: Iterable[Group]) -> bool:
        """Whether it needs a GPU and all are lent; a call from inside has no more of them either."""
        lent = sum(group.size for group in groups if group.spec.gpu)
        return spec.gpu and lent >= self.gpu_slots


@dataclass(slots=True, eq=False)
class Group:
    """The sandboxes that may serve the same calls."""

    spec: RunSpec
    payer: str
    idle: list[Instance] = field(default_factory=list)
    busy: set[Instance] = field(default_factory=set)
    starting: int = 0
    waiting: int = 0

    @property
    def size(self) -> int:
        return len(self.idle) + len(self.busy) + self.starting

    def spare(self, is_kept: Callable[[Instance], bool]) -> Instance | None:
        """One that waits and that nobody keeps."""
        return next((one for one in self.idle if one.is_usable and not is_kept(one)), None)


@dataclass(slots=True, eq=False)
class Waiter:
    group: Group
    invocation: Invocation
    taken: asyncio.Future[Instance]


class LoadFailed(Exception):
    """The author's module does not load; every call that waited for it hears so."""

    def __init__(self, failure: Failure, instance: Instance) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.stdout = instance.load_stdout
        self.timings = Timings(start=instance.start_us, load=instance.load_us)


def unheard(phase: Phase) -> None:
    """A module that is only tried has no caller who watches."""


def is_stale(instance: Instance, oldest: float) -> bool:
    return instance.idle_since < oldest or not instance.is_usable


def oldest_idle(
    groups: Iterable[Group], is_kept: Callable[[Instance], bool]
) -> tuple[Group, Instance] | None:
    """The sandbox that waits longest and may be ended for another call."""
    waiting = [(group, one) for group in groups for one in group.idle if not is_kept(one)]
    return min(waiting, key=lambda found: found[1].idle_since, default=None)
