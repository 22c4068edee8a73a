"""What a hostile program tries from inside. A new attack is a new file in `attacks/`.

Those in `together` share one sandbox and say `held` themselves; those in `alone` get their own,
and what became of them is asserted here.
"""

from __future__ import annotations

import json
import os
import platform
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from runners.backends import seccomp
from runners.backends.base import Backend, Exit
from runners.errors import PlatformFault
from runners.specs import MIB, Mount, SandboxSpec
from tests.runners.backends.conftest import ATTACKS, SMALL, Start
from tests.runners.backends.neighbour import PROMPT, Neighbour

TOGETHER = sorted(path.stem for path in (ATTACKS / "together").glob("*.py"))
PATIENCE = 60


@pytest.fixture(scope="module")
def said(
    backend: Backend, python: SandboxSpec, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """What each program of `together` said, on a machine full of things to find."""
    halves = [secrets.token_hex(8), secrets.token_hex(8)]
    private = tmp_path_factory.mktemp("private")
    (private / "file").write_text("not for you")
    with ExitStack() as opened, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGORITHM_TEST_SECRET", "".join(halves))
        heard = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        heard.bind(("127.0.0.1", 0))
        abstract_name = f"agorithm-test-{secrets.token_hex(4)}"
        _listen(opened, socket.AF_UNIX, f"\0{abstract_name}")
        _listen(opened, socket.AF_UNIX, str(private / "sock"))
        facts = {
            "tcp_port": _listen(opened, socket.AF_INET, ("0.0.0.0", 0))[1],
            "udp_port": heard.getsockname()[1],
            "addresses": _own_addresses(),
            "abstract_name": abstract_name,
            "unix_paths": _listening_paths(),
            "files": [str(private), str(private / "file"), str(Path.cwd())],
            "pid": os.getpid(),
            "secret_halves": halves,
            **_calls(),
        }
        spec = replace(
            python,
            name="attacks",
            argv=(*python.argv, "/opt/attacks/run_together.py"),
            environment=(*python.environment, ("HOST", json.dumps(facts))),
        )
        sandbox = backend.start(spec)
        try:
            found = dict(json.loads(line) for line in sandbox.lines())
        finally:
            sandbox.close()
        heard.setblocking(False)
        with pytest.raises(BlockingIOError):
            heard.recv(1)
        yield found


@pytest.mark.parametrize("attack", TOGETHER)
def test_attack_is_held(attack: str, said: dict[str, str]) -> None:
    assert said[attack].splitlines()[-1].startswith("held "), said[attack]


def test_fork_bomb_stops_at_the_limit(start: Start) -> None:
    sandbox = start("/opt/attacks/alone/fork_bomb.py")

    assert sandbox.wait(PATIENCE) == Exit(0)
    assert sandbox.tail().startswith("Resource temporarily unavailable ")
    assert SMALL.processes - 4 <= int(sandbox.tail().split()[-1]) <= SMALL.processes


def test_thread_bomb_stops_at_the_limit(start: Start) -> None:
    sandbox = start("/opt/attacks/alone/thread_bomb.py")

    assert sandbox.wait(PATIENCE) == Exit(0)
    assert sandbox.tail().startswith("can't start new thread ")
    assert SMALL.processes - 4 <= int(sandbox.tail().split()[-1]) <= SMALL.processes


def test_endless_fork_bomb_ends_with_its_sandbox(start: Start) -> None:
    sandbox = start("/opt/attacks/alone/endless_fork_bomb.py")
    assert next(sandbox.lines()) == "begun"

    sandbox.kill()

    assert sandbox.wait(PATIENCE) == Exit(137)


def test_memory_death_is_named(start: Start) -> None:
    sandbox = start("/opt/attacks/alone/memory.py")

    end = sandbox.wait(PATIENCE)

    assert end == Exit(137, is_out_of_memory=True)
    assert end.reason == "it used more memory than its limit"
    assert int(sandbox.tail().split()[-1]) * MIB < SMALL.memory


def test_memory_death_of_a_child_is_not_that_of_the_sandbox(start: Start) -> None:
    sandbox = start("/opt/attacks/alone/memory_of_a_child.py")

    assert sandbox.wait(PATIENCE) == Exit(0)
    assert sandbox.tail() == "the child gave -9\n"


def test_full_disk_is_an_error_at_the_limit(start: Start) -> None:
    sandbox = start("/opt/attacks/alone/disk.py")

    assert sandbox.wait(PATIENCE) == Exit(0)
    assert sandbox.tail() == f"ENOSPC {SMALL.disk // MIB}\n"


def test_files_without_end_stop_at_a_limit(start: Start) -> None:
    sandbox = start("/opt/attacks/alone/many_files.py", limits=replace(SMALL, memory=48 * MIB))

    end = sandbox.wait(PATIENCE)

    assert end == Exit(137, is_out_of_memory=True) or sandbox.tail().startswith("ENOSPC ")


def test_full_shared_memory_is_an_error_at_its_limit(start: Start) -> None:
    sandbox = start("/opt/attacks/alone/shared_memory.py", limits=replace(SMALL, disk=256 * MIB))

    assert sandbox.wait(PATIENCE) == Exit(0)
    assert sandbox.tail() == "ENOSPC 64\n"


def test_file_in_a_build_folder_stops_at_the_limit(
    start: Start, python: SandboxSpec, tmp_path: Path
) -> None:
    build = Mount(str(tmp_path), "/build", writable=True)
    sandbox = start("/opt/attacks/alone/file_size.py", mounts=(*python.mounts, build))

    assert sandbox.wait(PATIENCE) == Exit(0)
    assert sandbox.tail() == f"EFBIG {SMALL.disk // MIB}\n"


def test_nothing_is_shown_outside_of_the_sandbox(
    start: Start, python: SandboxSpec, tmp_path: Path
) -> None:
    outside = Mount(str(tmp_path), f"/opt/files/../../../oldroot{tmp_path}/made")

    with pytest.raises(PlatformFault, match="outside of the sandbox"):
        start("-c", "pass", mounts=(*python.mounts, outside))

    assert not list(tmp_path.iterdir())


def test_open_files_stop_at_the_limit(start: Start) -> None:
    sandbox = start("/opt/attacks/alone/open_files.py")

    assert sandbox.wait(PATIENCE) == Exit(0)
    assert sandbox.tail() == f"EMFILE {SMALL.open_files}\n"


def test_killing_everything_kills_only_the_sandbox(
    start: Start, backend: Backend, python: SandboxSpec
) -> None:
    with Neighbour(backend, python) as neighbour:
        sandbox = start("/opt/attacks/alone/kill_all.py")

        assert sandbox.wait(PATIENCE) == Exit(0)
        assert sandbox.tail() == "begun\nnobody there\n"
        assert neighbour.ask() < PROMPT


def test_nothing_outlives_its_sandbox(start: Start) -> None:
    mark = secrets.token_hex(8)
    sandbox = start("/opt/attacks/alone/outlive.py", mark)

    assert sandbox.wait(PATIENCE) == Exit(0)

    sandbox.close()
    assert not _running(mark)


def test_flood_of_output_costs_no_more_than_its_bounds(start: Start) -> None:
    sandbox = start("/opt/attacks/alone/flood.py")
    deadline = time.monotonic() + PATIENCE
    while len(sandbox.tail()) < 64 * 1024 and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.2)

    assert set(sandbox.tail()) == {"x"}
    assert len(sandbox.tail()) == 64 * 1024
    assert sandbox.wait(0) is None


@pytest.mark.parametrize("attack", ["endless_fork_bomb", "memory"])
def test_neighbour_goes_on_answering_during(
    attack: str, backend: Backend, start: Start, python: SandboxSpec
) -> None:
    with Neighbour(backend, python) as neighbour:
        sandbox = start(f"/opt/attacks/alone/{attack}.py")

        slowest = max(neighbour.ask() for _ in range(20))

        sandbox.close()
        assert slowest < PROMPT
        assert neighbour.ask() < PROMPT


def _running(word: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if word in text:
            found.append(text)
    return found


def _listen(opened: ExitStack, family: int, address: object) -> tuple[str, int]:
    listener = opened.enter_context(socket.socket(family))
    listener.bind(address)  # type: ignore[arg-type]
    listener.listen()
    return listener.getsockname()  # type: ignore[no-any-return]


def _own_addresses() -> list[str]:
    """Give this machine's address as others see it. Connecting a datagram socket sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return []
        return [probe.getsockname()[0]]


def _listening_paths() -> list[str]:
    lines = Path("/proc/net/unix").read_text().splitlines()[1:]
    paths = {line.split()[7] for line in lines if len(line.split()) > 7}
    return sorted(path for path in paths if path.startswith("/"))[:50]


def _calls() -> dict[str, object]:
    processor = seccomp.PROCESSORS[platform.machine()]
    column = processor.column
    numbers = {name: both[column] for name, both in seccomp.DENIED.items()}
    return {
        "denied_calls": {name: number for name, number in numbers.items() if number is not None},
        "clone": processor.clone,
        "clone3": processor.clone3,
        "ioctl": processor.ioctl,
    }
