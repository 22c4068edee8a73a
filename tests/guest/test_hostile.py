"""Code that breaks things breaks its own sandbox at most, and says so clearly."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.guest.harness import Guest

GuestOf = Callable[..., Guest]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        ("os._exit(7)", 7),
        ("os.kill(os.getpid(), 9)", 137),
        ("os.kill(os.getpid(), 11)", 139),
        ("os.abort()", 134),
        ("ctypes.string_at(0)", 139),
    ],
)
def test_death_of_the_process_ends_the_sandbox_with_its_code(
    guest: GuestOf, code: str, exit_code: int
) -> None:
    one = guest(
        f"import ctypes, os\ndef apply(input):\n    print('last words', flush=True)\n    {code}\n"
    )

    with pytest.raises(EOFError):
        one.call()

    assert one.wait() == exit_code
    assert "last words" in one.last_words
    assert f"ended with code {exit_code}" in one.last_words


def test_crash_in_c_leaves_the_python_line_for_the_operator(guest: GuestOf) -> None:
    one = guest("import ctypes\ndef apply(input):\n    ctypes.string_at(0)\n")

    with pytest.raises(EOFError):
        one.call()

    one.wait()
    assert "Segmentation fault" in one.last_words
    assert "Hello.py" in one.last_words


def test_host_that_hangs_up_ends_the_guest_with_all_its_processes(guest: GuestOf) -> None:
    one = guest(
        "import threading, time\nthreading.Thread(target=time.sleep, args=[60]).start()\n"
        "def apply(input): pass\n"
    )

    one.hang_up()

    assert one.wait() == 0
    assert not is_alive(one.hello["pid"])


@pytest.mark.parametrize(
    "harm",
    [
        "os.closerange(3, 256)",
        "sys.modules.clear()",
        "os.chdir('/')",
        "sys.path[:] = []",
        "sys.setrecursionlimit(60)",
        "json.dumps = json.loads = json.JSONEncoder = json.JSONDecoder = None",
        "os.getcwd = os.path = None",
        "socket.socket = socket.setdefaulttimeout(0.001)",
        "time.sleep = time.perf_counter = None",
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)",
        "threading.settrace(1)",
        "sys.excepthook = sys.displayhook = None",
        "gc.disable()",
        "os.environ.clear()",
        "shutil.rmtree(os.getcwd())",
        "threading.Thread(target=time.sleep, args=[60]).start()",
        "atexit.register(time.sleep, 60)",
        "signal.setitimer(signal.ITIMER_REAL, 0.01); signal.signal(signal.SIGALRM, raiser)",
        "os.nice(1)",
        "os.umask(0o777)",
        "resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8))",
        "warnings.simplefilter('error')",
        "import_module('src.Hello').apply = None",
    ],
)
def test_next_call_is_answered_after(guest: GuestOf, harm: str) -> None:
    one = guest(f"""
        import atexit, builtins, gc, json, os, resource, shutil, signal, socket, sys
        import threading, time, warnings
        from importlib import import_module
        def raiser(*_):
            raise RuntimeError("too late")
        def apply(input):
            if input == "harm":
                {harm}
            return {{"a": [1]}}
        """)

    first = one.call("harm")
    time.sleep(0.05)

    assert first.value == {"a": [1]}
    assert one.call("next").value == {"a": [1]}
    assert one.call("next").value == {"a": [1]}


def test_interpreter_broken_from_inside_ends_at_once_even_with_threads_left(
    guest: GuestOf,
) -> None:
    one = guest("""
        import builtins, threading, time
        def apply(input):
            threading.Thread(target=time.sleep, args=[60]).start()
            builtins.len = builtins.isinstance = None
        """)

    with pytest.raises(EOFError):
        one.call()

    assert one.wait() == 70
    assert "TypeError" in one.last_words


def test_forked_child_that_returns_does_not_answer(guest: GuestOf) -> None:
    one = guest("""
        import os
        def apply(input):
            pid = os.fork()
            if pid:
                os.waitpid(pid, 0)
            return "parent" if pid else "child"
        """)

    assert [one.call().value for _ in range(5)] == ["parent"] * 5


def test_forked_child_that_fails_leaves_its_traceback_and_a_code(guest: GuestOf) -> None:
    one = guest("""
        import os
        def apply(input):
            pid = os.fork()
            if pid == 0:
                raise ValueError("in the child")
            return os.waitpid(pid, 0)[1] >> 8
        """)

    answer = one.call()

    assert answer.value == 1
    assert answer.stdout.endswith("ValueError: in the child\n")


def test_closing_even_the_connection_ends_the_sandbox(guest: GuestOf) -> None:
    one = guest("import os\ndef apply(input):\n    os.closerange(3, 4096)\n")

    with pytest.raises(EOFError):
        one.call()

    assert one.wait() == 65


def test_waiting_for_all_children_waits_for_the_authors_only(guest: GuestOf) -> None:
    one = guest("""
        import os
        def apply(input):
            if os.fork() == 0:
                os._exit(3)
            pid, status = os.wait()
            try:
                os.wait()
            except ChildProcessError:
                return status >> 8
        """)

    assert one.call().value == 3


def test_pools_of_processes_work(guest: GuestOf) -> None:
    one = guest("""
        import multiprocessing
        def square(n):
            return n * n
        def apply(input):
            with multiprocessing.get_context(input).Pool(2) as pool:
                return pool.map(square, range(4))
        """)

    assert one.call("fork").value == [0, 1, 4, 9]
    assert one.call("spawn").value == [0, 1, 4, 9]


def test_working_folder_shows_the_authors_files_and_takes_new_ones(
    start: Callable[..., Guest],
) -> None:
    one = start(
        {
            "src/__init__.py": "",
            "data/words.txt": "shipped",
            "src/Hello.py": """
                import os, sys, tempfile
                def apply(input):
                    with open("data/words.txt") as f:
                        words = f.read()
                    handle, path = tempfile.mkstemp(dir=os.path.dirname(os.getcwd()))
                    os.close(handle)
                    os.rename(path, "./image.png")
                    return [words, os.path.exists("image.png"), sys.path[0]]
                """,
        }
    )
    one.load()

    answer = one.call()

    assert answer.value == ["shipped", True, str(one.tree)]
    assert not (one.tree / "image.png").exists()


def test_guest_is_not_in_the_way_of_modules_of_the_same_name(
    start: Callable[..., Guest],
) -> None:
    names = ("wire", "output", "values", "failures", "working", "supervisor", "serve", "registry")
    code = "".join(f"import {name}\n" for name in names)
    result = ", ".join(f"{name}.word" for name in names)
    one = start(
        {f"{name}.py": f"word = '{name}'\n" for name in names}
        | {
            "src/__init__.py": "",
            "src/Hello.py": f"{code}def apply(input):\n    return [{result}]\n",
        }
    )
    one.load()

    assert one.call().value == list(names)


def test_platform_is_not_importable_from_inside(guest: GuestOf) -> None:
    one = guest("""
        from importlib.util import find_spec
        def apply(input):
            return [find_spec(name) is None for name in ("runners", "marketplace", "algorithms")]
        """)

    assert one.call().value == [True, True, True]


def test_author_process_has_one_thread_and_no_descriptor_below_the_high_ones(
    guest: GuestOf,
) -> None:
    one = guest("""
        import os
        def apply(input):
            inherited = [int(n) for n in os.listdir("/proc/self/fd")]
            threads = len(os.listdir("/proc/self/task"))
            return [sorted(n for n in inherited if 2 < n < 400 and os.path.exists("/proc/self/fd/%d" % n)), threads]
        """)

    assert one.call().value == [[], 1]


def test_supervisor_adds_little_memory(guest: GuestOf) -> None:
    one = guest("def apply(input): pass\n")

    lines = Path(f"/proc/{one.pid}/smaps_rollup").read_text().splitlines()
    private = sum(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty"))

    assert os.getpid() != one.pid
    assert private < 6 * 1024
