"""A build's sandbox may print for ever; what follows it may not grow with that."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from runners import runtimes, workshop
from runners.backends.base import Backend, Exit
from runners.errors import BuildFailed
from runners.package_index import PackageIndex
from runners.specs import Limits
from runners.workshop import Result, Workshop


class Chatterbox:
    """A sandbox that prints these lines as fast as they are taken."""

    name = "chatterbox"

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.printed = 0

    def lines(self) -> Iterator[str]:
        for line in self._lines:
            self.printed += 1
            yield line

    def wait(self, *_: object) -> Exit:
        return Exit(0)

    def close(self) -> None:
        self._lines = iter(())


def shop_of(sandbox: Chatterbox, *, seconds: float = 60) -> Workshop:
    class OneSandbox:
        def start(self, *_: object) -> Chatterbox:
            return sandbox

    return Workshop(
        backend=cast("Backend", OneSandbox()),
        runtime=runtimes.prepare(runtimes.discover()[-1].slug),
        index=PackageIndex(is_offline=True),
        limits=Limits(),
        deadline=time.monotonic() + seconds,
        disk=1 << 30,
    )


def test_only_the_end_of_what_was_printed_is_remembered(tmp_path: Path) -> None:
    lines = (f"{number} {'x' * 1000}" for number in range(5000))
    steps = workshop.run(shop_of(Chatterbox(lines)), tmp_path, [], is_quiet=True)

    with pytest.raises(StopIteration) as end:
        next(steps)

    result: Result = end.value.value
    assert result.output.splitlines()[-1] == f"4999 {'x' * 1000}"
    assert 1_000_000 < len(result.output) <= 1024 * 1024


def test_sandbox_waits_for_whoever_follows_it(tmp_path: Path) -> None:
    sandbox = Chatterbox(itertools.repeat("more"))
    steps = workshop.run(shop_of(sandbox), tmp_path, [])
    next(steps)

    time.sleep(0.5)

    assert sandbox.printed < 2000
    steps.close()
    time.sleep(0.5)
    printed = sandbox.printed
    time.sleep(0.2)
    assert sandbox.printed == printed  # nobody reads on when nobody follows


def test_sandbox_that_prints_for_ever_is_ended_in_time(tmp_path: Path) -> None:
    steps = workshop.run(
        shop_of(Chatterbox(itertools.repeat("more")), seconds=0.2), tmp_path, [], is_quiet=True
    )

    with pytest.raises(BuildFailed, match="took longer than it may"):
        next(steps)
