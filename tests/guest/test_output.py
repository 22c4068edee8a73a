"""What an author's code prints, by whatever way, belongs to the call that printed it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.guest.harness import Guest

GuestOf = Callable[..., Guest]


def test_all_ways_to_print_end_up_in_order_in_one_place(guest: GuestOf) -> None:
    one = guest("""
        import os, subprocess, sys
        def apply(input):
            print("print")
            sys.stderr.write("stderr\\n")
            sys.stdout.buffer.write(b" buffer ")
            sys.stdout.flush()
            os.write(1, b"descriptor 1\\n")
            os.write(2, b"descriptor 2\\n")
            subprocess.check_call(["echo", "program"])
            pid = os.fork()
            if pid == 0:
                print("child")
                os._exit(0)
            os.waitpid(pid, 0)
            print("end", end="")
        """)

    answer = one.call()

    assert answer.stdout == (
        "print\nstderr\n buffer descriptor 1\ndescriptor 2\nprogram\nchild\nend"
    )
    assert one.call().stdout == answer.stdout


def test_output_of_a_failing_call_is_kept(guest: GuestOf) -> None:
    one = guest("def apply(input):\n    print('seen')\n    raise ValueError\n")

    assert one.call().stdout == "seen\n"


def test_unflushed_output_of_c_is_seen(guest: GuestOf) -> None:
    one = guest("""
        import ctypes
        library = ctypes.CDLL(None)
        def apply(input):
            library.printf(b"from C")
        """)

    assert [one.call().stdout, one.call().stdout] == ["from C", "from C"]


def test_streams_are_what_programs_expect(guest: GuestOf) -> None:
    one = guest("""
        import io, sys
        def apply(input):
            print("é \\ud800")
            return [sys.stdout.fileno(), sys.stderr.fileno(), sys.stdout.isatty(),
                    sys.stdout.encoding, sys.stdout.name, sys.stdin.read(),
                    isinstance(sys.stdout, io.TextIOBase), sys.stdout is sys.__stdout__]
        """)

    answer = one.call()

    assert answer.stdout == "é \\ud800\n"
    assert answer.value == [1, 2, False, "utf-8", "<stdout>", "", True, True]


@pytest.mark.parametrize(
    "way",
    [
        "for _ in range(300): print('x' * 999)",
        "sys.stdout.buffer.write(b'x' * 300_000)",
        "os.write(1, b'x' * 300_000)",
        "subprocess.check_call(['head', '-c', '300000', '/dev/zero'])",
    ],
)
def test_flood_is_cut_with_a_note_that_says_how_much(guest: GuestOf, way: str) -> None:
    one = guest(f"import os, subprocess, sys\ndef apply(input):\n    {way}\n", stdout=1000)

    answer = one.call()

    assert answer.stdout[1000:] == (
        "\n[299,000 more bytes were printed; only the first 1,000 are kept.]\n"
    )
    assert one.call().stdout == answer.stdout


def test_cut_does_not_go_through_a_character(guest: GuestOf) -> None:
    one = guest("def apply(input):\n    print('x' + 'é' * 100)\n", stdout=100)

    assert one.call().stdout.startswith("x" + "é" * 49 + "\n[")


def test_flood_from_c_that_holds_the_interpreter_does_not_block(guest: GuestOf) -> None:
    one = guest("""
        import ctypes
        library = ctypes.PyDLL(None)
        def apply(input):
            data = b"x" * 1000000
            return library.write(1, data, len(data))
        """)

    assert one.call().value == 1_000_000


def test_flood_takes_no_memory(guest: GuestOf) -> None:
    one = guest(
        """
        import resource
        def peak():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        def apply(input):
            before = peak()
            text = "x" * 1000
            for _ in range(100000):
                print(text)
            return peak() - before
        """,
        stdout=10_000,
    )

    answer = one.call()

    assert answer.value < 4096
    assert "[100,090,000 more bytes were printed" in answer.stdout


def test_output_between_calls_belongs_to_nobody(guest: GuestOf) -> None:
    one = guest("""
        import os, threading, time
        def late():
            while not os.path.exists("over"):
                time.sleep(0.01)
            print("late", flush=True)
            open("printed", "w").close()
        def apply(input):
            if input == "start":
                threading.Thread(target=late).start()
            print(input)
        """)

    first = one.call("start")
    (one.work / "over").touch()
    while not (one.work / "printed").exists():
        time.sleep(0.01)
    second = one.call("second")

    assert (first.stdout, second.stdout) == ("start\n", "second\n")


def test_background_program_that_never_stops_printing_delays_no_call_for_long(
    guest: GuestOf,
) -> None:
    one = guest(
        """
        import subprocess
        def apply(input):
            if input == "start":
                process = subprocess.Popen(["yes"])
                return process.pid
            if input:
                subprocess.check_call(["kill", "-9", str(input)])
        """,
        stdout=1000,
    )
    pid = one.call("start").value

    began = time.perf_counter()
    one.call()
    seconds = time.perf_counter() - began
    one.call(pid)

    assert seconds < 20
    assert "" in (one.call().stdout for _ in range(50))  # as soon as the rest of it was read


@pytest.mark.parametrize(
    "damage",
    [
        "sys.stdout.close()",
        "os.close(1)",
        "sys.stdout = None",
        "sys.stdout = 5",
        "del sys.stdout",
        "sys.stdout.detach()",
        "sys.stdout.buffer.close()",
    ],
)
def test_damaged_stdout_is_repaired_for_the_next_call(guest: GuestOf, damage: str) -> None:
    one = guest(f"""
        import os, sys
        def apply(input):
            print(input)
            if input == "damage":
                {damage}
        """)

    first = one.call("damage")
    second = one.call("after")

    assert (first.stdout, second.stdout) == ("damage\n", "after\n")


def test_stdout_wrapped_by_the_author_stays_wrapped(guest: GuestOf) -> None:
    one = guest("""
        import io, sys
        sys.stdout = io.TextIOWrapper(sys.stdout.detach(), encoding="latin-1", write_through=False)
        def apply(input):
            print("wrapped")
            return sys.stdout.encoding
        """)

    answer = one.call()

    assert (answer.stdout, answer.value) == ("wrapped\n", "latin-1")


def test_logging_and_warnings_are_output(guest: GuestOf) -> None:
    one = guest("""
        import logging, warnings
        logging.basicConfig(format="%(message)s")
        def apply(input):
            logging.warning("logged")
            warnings.warn("warned")
        """)

    stdout = one.call().stdout

    assert stdout.startswith("logged\n")
    assert "UserWarning: warned" in stdout
