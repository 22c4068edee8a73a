"""The contract of `runners.backends.base`, kept by both backends."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from runners import backends
from runners.backends.base import Backend, Exit
from runners.errors import PlatformFault
from runners.specs import Mount, SandboxSpec
from tests.machine import needs_root
from tests.runners.backends.conftest import Start
from tests.runners.backends.neighbour import PROMPT, Neighbour
from tests.runners.backends.remains import eventually, held, records

PATIENCE = 60


def test_backend_has_no_problem(backend: Backend) -> None:
    assert backend.problem() is None


def test_exit_code_of_the_program_is_given(start: Start) -> None:
    sandbox = start("-c", "print('last words'); raise SystemExit(3)")

    assert sandbox.wait(PATIENCE) == Exit(3)
    assert sandbox.tail() == "last words\n"


def test_death_by_a_signal_is_told_as_a_shell_would(start: Start) -> None:
    sandbox = start("-c", "import ctypes; ctypes.string_at(0)")

    assert sandbox.wait(PATIENCE) == Exit(139)


def test_waiting_gives_up_when_the_time_is_over(start: Start) -> None:
    sandbox = start("-c", "import time; time.sleep(60)")

    assert sandbox.wait(0.05) is None


def test_lines_come_while_the_program_runs(start: Start) -> None:
    sandbox = start("-c", "import time; print('one'); print('two'); time.sleep(60)")

    lines = sandbox.lines()

    assert [next(lines), next(lines)] == ["one", "two"]
    assert sandbox.wait(0) is None


def test_lines_are_complete_however_slow_the_reader(start: Start) -> None:
    sandbox = start("-c", "for n in range(200_000): print('line', n)")

    lines = sandbox.lines()
    first = next(lines)
    time.sleep(0.5)
    rest = list(lines)

    assert (first, len(rest), rest[-1]) == ("line 0", 199_999, "line 199999")
    assert sandbox.wait(PATIENCE) == Exit(0)


def test_output_and_errors_that_are_no_text_become_lines(start: Start) -> None:
    program = r"import os; os.write(1, b'\xff\xfe\r\n'); os.write(2, b'caf\xc3\xa9\0\nend')"
    sandbox = start("-c", program)

    assert list(sandbox.lines()) == ["\ufffd\ufffd", "café\0", "end"]


def test_program_starts_in_its_work_folder_with_its_environment_only(start: Start) -> None:
    program = "import os; print(os.getcwd(), sorted(os.environ))"
    sandbox = start("-c", program, environment=(("LANG", "C.UTF-8"), ("HOME", "/tmp/work")))

    sandbox.wait(PATIENCE)

    names = set(eval(sandbox.tail().split(" ", 1)[1]))
    assert sandbox.tail().startswith("/tmp/work ")
    assert names - {"PATH", "PWD", "LC_CTYPE"} == {"HOME", "LANG"}


def test_file_moves_between_scratch_and_work_folder(start: Start) -> None:
    program = (
        "open('/tmp/a', 'w').close(); import os; os.rename('/tmp/a', 'b'); print(os.listdir())"
    )
    sandbox = start("-c", program)

    assert sandbox.wait(PATIENCE) == Exit(0)
    assert sandbox.tail() == "['b']\n"


def test_nothing_comes_from_standard_input(start: Start) -> None:
    sandbox = start("-c", "import sys; print(repr(sys.stdin.read()))")

    assert sandbox.wait(PATIENCE) == Exit(0)
    assert sandbox.tail() == "''\n"


def test_user_inside_has_a_name_and_a_home(start: Start) -> None:
    sandbox = start("-c", "import getpass, os; print(getpass.getuser(), os.path.expanduser('~'))")

    assert sandbox.wait(PATIENCE) == Exit(0)
    assert sandbox.tail() == "nobody /tmp/work\n"


def test_mount_is_shown_and_cannot_be_written(
    start: Start, python: SandboxSpec, tmp_path: Path
) -> None:
    (tmp_path / "model").write_text("weights")
    mounts = (*python.mounts, Mount(str(tmp_path), "/opt/algorithm"))
    tmp_path.chmod(0o755)
    program = "print(open('/opt/algorithm/model').read()); open('/opt/algorithm/model', 'w')"
    sandbox = start("-c", program, mounts=mounts)

    assert sandbox.wait(PATIENCE) == Exit(1)
    assert sandbox.tail().startswith("weights\n")
    assert "Read-only file system" in sandbox.tail()
    assert (tmp_path / "model").read_text() == "weights"


def test_writable_mount_belongs_to_the_sandbox_until_it_is_closed(
    start: Start, python: SandboxSpec, tmp_path: Path
) -> None:
    (tmp_path / "before").write_text("old")
    mounts = (*python.mounts, Mount(str(tmp_path), "/build", writable=True))
    program = "import os; open('/build/before', 'a').write('er'); os.mkdir('/build/after')"
    sandbox = start("-c", program, mounts=mounts, working_folder="/build")

    assert sandbox.wait(PATIENCE) == Exit(0)
    sandbox.close()

    assert (tmp_path / "before").read_text() == "older"
    assert {path.stat().st_uid for path in (tmp_path, *tmp_path.iterdir())} == {os.getuid()}
    assert (tmp_path / "after").is_dir()


def test_mount_that_does_not_exist_is_refused_and_nothing_is_left(
    backend: Backend, python: SandboxSpec, data_dir: Path
) -> None:
    before = records(data_dir)
    spec = replace(python, name="no-source", mounts=(Mount("/no/such/source", "/opt/x"),))

    with pytest.raises(PlatformFault, match="/no/such/source, which a sandbox should see"):
        backend.start(spec)

    assert records(data_dir) == before


def test_program_that_does_not_exist_fails_with_its_name(
    backend: Backend, python: SandboxSpec
) -> None:
    sandbox = backend.start(replace(python, name="no-program", argv=("/usr/bin/nothing",)))

    end = sandbox.wait(PATIENCE)
    sandbox.close()

    assert end in (Exit(1), Exit(127))
    assert "/usr/bin/nothing" in sandbox.tail()


def test_killing_and_closing_can_be_done_again_and_by_many_at_once(start: Start) -> None:
    sandbox = start("-c", "import time; time.sleep(60)")

    with ThreadPoolExecutor(8) as threads:
        jobs = [threads.submit(action) for action in [sandbox.kill, sandbox.close] * 8]
        for job in jobs:
            job.result(PATIENCE)

    assert sandbox.wait(0) == Exit(137)
    sandbox.kill()
    sandbox.close()


def test_many_sandboxes_start_at_once_each_as_its_own_user(
    backend: Backend, python: SandboxSpec
) -> None:
    specs = [replace(python, name=f"many-{n}", argv=("/bin/sleep", "60")) for n in range(6)]

    with ThreadPoolExecutor(6) as threads:
        sandboxes = list(threads.map(backend.start, specs))
    users = {sandbox._lease.uid for sandbox in sandboxes}  # type: ignore[attr-defined]
    for sandbox in sandboxes:
        sandbox.close()

    assert len(users) == 6
    assert 0 not in users


def test_nothing_is_left_of_a_closed_sandbox(
    backend: Backend, python: SandboxSpec, data_dir: Path
) -> None:
    def once() -> None:
        name = f"leaves-nothing-{secrets.token_hex(4)}"
        folder = backend.sockets_folder(name)
        spec = replace(python, name=name, argv=("/bin/true",), sockets=str(folder))
        sandbox = backend.start(spec)
        sandbox.wait(PATIENCE)
        sandbox.close()
        assert not folder.exists()

    once()
    before = held(data_dir)
    for _ in range(5):
        once()

    deadline = time.monotonic() + PATIENCE
    while (now := held(data_dir)) != before and time.monotonic() < deadline:
        time.sleep(0.1)  # something else of this process may be at work
    assert now == before


def test_sandbox_dials_into_its_folder_and_cannot_change_it(
    backend: Backend, python: SandboxSpec
) -> None:
    with Neighbour(backend, python) as neighbour:
        assert neighbour.ask() < PROMPT
        program = """
import os
for action in (lambda: os.unlink("/run/agorithm/pool.sock"),
               lambda: open("/run/agorithm/own.sock", "w"),
               lambda: os.rename("/run/agorithm/pool.sock", "/run/agorithm/other.sock")):
    try:
        action()
        print("changed")
    except OSError as error:
        print(error.strerror)
"""
        name = f"changer-{secrets.token_hex(4)}"
        folder = backend.sockets_folder(name)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(folder / "pool.sock"))
            argv = (*python.argv, "-c", program)
            sandbox = backend.start(replace(python, name=name, argv=argv, sockets=str(folder)))
            lines = list(sandbox.lines())
            sandbox.close()

    assert lines == ["Read-only file system"] * 3


@needs_root("ask as another user")
def test_other_users_cannot_enter_a_sockets_folder(backend: Backend) -> None:
    folder = backend.sockets_folder("private")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "pool.sock"))
        backend.admit(folder / "pool.sock")
        listener.listen()
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        asked = subprocess.run(
            [*command, "/bin/sh", "-c", f"cd {folder}"], capture_output=True, text=True, check=False
        )
    mode = folder.stat().st_mode & 0o777
    backend.discard_sockets("private")

    assert "can't cd to" in asked.stderr
    assert mode & 0o007 == 0
    assert not folder.exists()


def test_socket_elsewhere_is_not_admitted(backend: Backend, tmp_path: Path) -> None:
    with pytest.raises(PlatformFault, match="is no sockets folder"):
        backend.admit(tmp_path / "sock")


def test_sockets_folder_is_short_enough_wherever_the_data_is(
    backend: Backend, tmp_path: Path
) -> None:
    deep = tmp_path / ("deep" * 25)
    other = _like(backend, deep)

    folder = other.sockets_folder("deep")
    is_short = len(str(folder / "egress.sock")) < 108
    other.discard_sockets("deep")

    assert is_short
    assert not folder.exists()


def test_sandbox_of_a_killed_process_ends_by_itself_and_is_swept(
    backend: Backend, python: SandboxSpec, tmp_path: Path
) -> None:
    mark = f"{1000 + secrets.randbelow(10**6)}.5"
    child = _start_elsewhere(backend, python, tmp_path, mark)
    eventually(mark, is_running=True)
    child.kill()
    child.wait(PATIENCE)
    eventually(mark, is_running=False)
    stranger = _like(backend, tmp_path / "another")
    stranger.sockets_folder("waiting")

    swept_by_a_stranger = stranger.sweep()
    swept = _like(backend, tmp_path).sweep()

    assert (swept_by_a_stranger, swept) == (0, 1)
    assert records(tmp_path) == []
    assert _like(backend, tmp_path).sweep() == 0
    stranger.discard_sockets("waiting")


def test_sweep_leaves_the_living_alone(start: Start, backend: Backend, data_dir: Path) -> None:
    sandbox = start("-c", "import time; time.sleep(60)")
    waiting = backend.sockets_folder("waiting")

    swept = _like(backend, data_dir).sweep()

    assert swept == 0
    assert sandbox.wait(0.1) is None
    assert waiting.is_dir()
    backend.discard_sockets("waiting")


def _like(backend: Backend, data_dir: Path) -> Backend:
    """The same kind of backend in another installation, or in another process of this one."""
    host = getattr(backend, "_host", "")
    return backends.make(backend.name, data_dir=data_dir, docker_host=host)


def _start_elsewhere(
    backend: Backend, python: SandboxSpec, data_dir: Path, mark: str
) -> subprocess.Popen[str]:
    """Let another process start a sandbox and stay."""
    program = f"""
import sys, time
from pathlib import Path
from runners import backends
from runners.specs import Mount, SandboxSpec
backend = backends.make({backend.name!r}, data_dir=Path({str(data_dir)!r}),
                        docker_host={getattr(backend, "_host", "")!r})
backend.start(SandboxSpec(name="orphan", argv=("/bin/sleep", {mark!r}), mounts=()))
print("started", flush=True)
time.sleep(600)
"""
    root = Path(backends.__file__).parents[2]
    child = subprocess.Popen(
        [sys.executable, "-c", program], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    with child.stdout:
        assert child.stdout.readline() == "started\n"
    return child
