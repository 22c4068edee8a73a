"""What is true of bubblewrap sandboxes only."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from runners import backends
from runners.backends import launch, leases
from runners.backends.base import Exit
from runners.backends.bubblewrap import BubblewrapBackend
from runners.backends.cgroups import Cgroups
from runners.errors import PlatformFault
from runners.specs import Mount, SandboxSpec
from tests.machine import needs_root

PATIENCE = 60
as_root = needs_root("give sandboxes users of their own")


@pytest.fixture
def bubblewrap(tmp_path: Path) -> BubblewrapBackend:
    return BubblewrapBackend(tmp_path / "data")


@pytest.fixture
def unlimited(bubblewrap: BubblewrapBackend) -> BubblewrapBackend:
    bubblewrap._cgroups = Cgroups()
    return bubblewrap


@as_root
def test_sandbox_is_an_ordinary_user_outside_too(
    bubblewrap: BubblewrapBackend, python: SandboxSpec
) -> None:
    sandbox = bubblewrap.start(replace(python, name="who", argv=("/bin/sleep", "61.25")))

    deadline = time.monotonic() + PATIENCE
    while not (users := _users_of("/bin/sleep\0" + "61.25\0")):
        assert time.monotonic() < deadline
    sandbox.close()

    assert len(users) == 1
    assert leases.FIRST_USER <= users[0] <= leases.LAST_USER


def test_lease_of_root_is_refused(tmp_path: Path) -> None:
    lease = leases.Lease("token", "name", 0, 0, tmp_path, 0, None)

    with pytest.raises(PlatformFault, match="may not be started as root"):
        launch._as_user(lease)


def test_secrets_of_the_environment_stand_on_no_command_line(
    bubblewrap: BubblewrapBackend, python: SandboxSpec
) -> None:
    spec = replace(
        python,
        name="secret",
        argv=("/bin/sleep", "61.5"),
        environment=(("API_KEY", "hidden-in-plain-sight"),),
    )
    sandbox = bubblewrap.start(spec)

    lines: list[str] = []
    deadline = time.monotonic() + PATIENCE
    while not any(line == "/bin/sleep\0" + "61.5\0" for line in lines):
        assert time.monotonic() < deadline
        lines += [line for _, line in _command_lines()]
    sandbox.close()

    assert not any("hidden-in-plain-sight" in line for line in lines)


@as_root
def test_folders_below_a_private_home_can_be_shown(
    bubblewrap: BubblewrapBackend, python: SandboxSpec, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    (home / "deeper/source").mkdir(parents=True)
    (home / "deeper/source/file").write_text("shown")
    (home / "single").write_text("too")
    (home / "deeper").chmod(0o700)
    home.chmod(0o700)
    mounts = (Mount(str(home / "deeper/source"), "/opt/a"), Mount(str(home / "single"), "/opt/b"))
    sandbox = bubblewrap.start(
        replace(python, name="home", argv=("/bin/cat", "/opt/a/file", "/opt/b"), mounts=mounts)
    )

    end = sandbox.wait(PATIENCE)
    sandbox.close()

    assert end == Exit(0)
    assert sandbox.tail() == "showntoo"


def test_without_control_groups_the_operator_is_told(unlimited: BubblewrapBackend) -> None:
    assert unlimited.problem() is None
    assert unlimited.weaknesses()[0].startswith(
        "Limits of memory, the number of processes and processor time are not enforced"
    )


def test_without_control_groups_each_process_has_its_limit_of_memory(
    unlimited: BubblewrapBackend, python: SandboxSpec
) -> None:
    argv = (*python.argv, "-c", "x = bytearray(512 * 1024 * 1024)")
    sandbox = unlimited.start(replace(python, name="memory", argv=argv))

    end = sandbox.wait(PATIENCE)
    sandbox.close()

    assert end == Exit(1)
    assert "MemoryError" in sandbox.tail()


def test_without_control_groups_a_fork_bomb_still_stops(
    unlimited: BubblewrapBackend, python: SandboxSpec
) -> None:
    argv = (*python.argv, "/opt/attacks/alone/fork_bomb.py")
    sandbox = unlimited.start(replace(python, name="forks", argv=argv))

    end = sandbox.wait(PATIENCE)
    sandbox.close()

    assert end == Exit(0)
    assert sandbox.tail().startswith("Resource temporarily unavailable ")
    assert int(sandbox.tail().split()[-1]) < 256


@as_root
def test_ordinary_user_can_have_sandboxes_too(tmp_path: Path) -> None:
    program = """
import os, sys
from pathlib import Path
from runners import backends
from runners.specs import SandboxSpec
os.setgroups([]); os.setgid(54321); os.setuid(54321)
backend = backends.make("bubblewrap", data_dir=Path(sys.argv[1]))
folder = backend.sockets_folder("mine")
sandbox = backend.start(SandboxSpec(
    name="mine", argv=("/usr/bin/id", "-u"), mounts=(), sockets=str(folder)))
print(sandbox.wait(60), sandbox.tail().strip(), oct(folder.stat().st_mode & 0o777))
sandbox.close()
print(backend.weaknesses()[-1])
"""
    home = Path("/tmp") / f"agorithm-{os.getpid()}-{tmp_path.name}"
    home.mkdir(mode=0o700)
    os.chown(home, 54321, 54321)
    done = subprocess.run(
        [sys.executable, "-c", program, str(home)],
        cwd=Path(backends.__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    subprocess.run(["rm", "-r", str(home)], check=True)

    assert done.stdout.splitlines() == [
        "Exit(code=0, is_out_of_memory=False) 65534 0o700",
        "All sandboxes run as this user, since only root can give each a user id of its own.",
    ], done.stderr


def test_missing_program_is_named_with_its_package(
    bubblewrap: BubblewrapBackend, python: SandboxSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "_NEEDED", ("no-such-program", "sh"))

    problem = bubblewrap.problem()

    assert problem is not None
    assert problem.startswith("The program no-such-program is missing: install the packages")
    with pytest.raises(PlatformFault, match="no-such-program"):
        bubblewrap.start(python)


def _command_lines() -> list[tuple[Path, str]]:
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            found.append((path, (path / "cmdline").read_bytes().decode(errors="replace")))
        except OSError:
            continue
    return found


def _users_of(command_line: str) -> list[int]:
    return [path.stat().st_uid for path, line in _command_lines() if line == command_line]
