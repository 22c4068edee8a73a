"""Exceptions of the author's code become the error object, whatever they are."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runners.protocol import FrameType
from tests.guest.harness import Guest

GuestOf = Callable[..., Guest]

ALGORITHM_EXCEPTION = """
class AlgorithmException(Exception):
    def __init__(self, message, stack_trace=None, error_type=None):
        self.message, self.stack_trace, self.error_type = message, stack_trace, error_type
    def __str__(self):
        return repr(self.message + "\\n" + self.stack_trace if self.stack_trace else self.message)
class Typed(Exception):
    error_type = "MyOwnError"
class Oddly(Exception):
    error_type = 7
class Mute(Exception):
    def __str__(self):
        raise RuntimeError("not even this")
class Property(Exception):
    @property
    def error_type(self):
        raise KeyboardInterrupt
"""


@pytest.mark.parametrize(
    ("expression", "error_type", "message"),
    [
        ("ValueError('bad image')", "AlgorithmError", "bad image"),
        ("ValueError()", "AlgorithmError", "ValueError"),
        ("KeyError('image')", "AlgorithmError", "KeyError: 'image'"),
        ("AlgorithmException('m', 'InputError')", "InputError", "m"),
        ("AlgorithmException('m', error_type='UnsupportedError')", "UnsupportedError", "m"),
        ("AlgorithmException('m', 'Traceback: x', 'ParsingError')", "ParsingError", "m"),
        ("AlgorithmException('m')", "AlgorithmError", "m"),
        ("Typed('m')", "MyOwnError", "m"),
        ("Oddly('m')", "AlgorithmError", "m"),
        ("Property('m')", "AlgorithmError", "m"),
        (
            "Mute()",
            "AlgorithmError",
            "Mute (its message cannot be shown: str() of it failed)",
        ),
        ("KeyboardInterrupt()", "AlgorithmError", "KeyboardInterrupt"),
        ("GeneratorExit('g')", "AlgorithmError", "g"),
        ("SystemExit(3)", "SystemExit", "The algorithm ended itself: exited with code 3."),
        ("SystemExit()", "SystemExit", "The algorithm ended itself: exited with code 0."),
        ("SystemExit('why')", "SystemExit", "The algorithm ended itself: exited saying: why."),
        ("MemoryError()", "OutOfMemoryError", "The algorithm ran out of memory."),
        ("RuntimeError('CUDA out of memory. Tried')", "OutOfGpuMemoryError", "CUDA out of memory"),
        (
            "OSError(28, 'No space left on device')",
            "OutOfDiskError",
            (
                "The algorithm filled its disk space, which /tmp and the working folder share: "
                "[Errno 28] No space left on device"
            ),
        ),
        (
            'RuntimeError("can\'t start new thread")',
            "TooManyProcessesError",
            (
                "The algorithm has as many processes and threads as it may have: "
                "can't start new thread"
            ),
        ),
        ("BlockingIOError(11, 'try again')", "AlgorithmError", "[Errno 11] try again"),
        ("ValueError('\\ud800')", "AlgorithmError", "\\ud800"),
        ("ValueError('\\x00')", "AlgorithmError", "\x00"),
    ],
)
def test_exception_becomes_type_and_message(
    guest: GuestOf, expression: str, error_type: str, message: str
) -> None:
    one = guest(f"{ALGORITHM_EXCEPTION}\ndef apply(input):\n    raise {expression}\n")

    answer = one.call()

    assert answer.type is FrameType.FAILED
    assert answer.error_type == error_type
    assert answer.message.startswith(message)
    assert one.call().error_type == error_type


def test_stacktrace_shows_the_authors_frames_and_none_of_ours(guest: GuestOf) -> None:
    one = guest("""
        def inner():
            raise ValueError("deep")
        def apply(input):
            try:
                inner()
            except ValueError:
                raise TypeError("higher")
        """)

    answer = one.call()

    assert answer.stacktrace.splitlines()[0] == "Traceback (most recent call last):"
    assert answer.stacktrace.endswith("TypeError: higher\n")
    assert "ValueError: deep" in answer.stacktrace
    assert "line 3, in inner" in answer.stacktrace
    assert "guest" not in answer.stacktrace.replace(str(one.folder), "")
    assert (answer.header["file"], answer.header["line"]) == ("src/Hello.py", 8)


def test_error_of_a_called_algorithm_keeps_its_stacktrace(guest: GuestOf) -> None:
    one = guest(
        f"{ALGORITHM_EXCEPTION}\ndef apply(input):\n"
        "    raise AlgorithmException('m', 'their trace', 'TimeoutError')\n"
    )

    answer = one.call()

    assert answer.error_type == "TimeoutError"
    assert answer.stacktrace.endswith("\nIn the algorithm that was called:\ntheir trace")


def test_huge_message_and_endless_recursion_are_cut(guest: GuestOf) -> None:
    one = guest("""
        def again(n):
            return again(n + 1)
        def apply(input):
            if input == "message":
                raise ValueError("x" * 50000000)
            return again(0)
        """)

    message = one.call("message")
    recursion = one.call("recursion")

    assert len(message.message) < 20_000
    assert "characters left out" in message.message
    assert len(message.stacktrace) < 70_000
    assert "recursion" in recursion.message
    assert len(recursion.stacktrace) < 5_000


def test_endless_chain_of_exceptions_is_survived(guest: GuestOf) -> None:
    one = guest("""
        def apply(input):
            last = None
            for n in range(20000):
                error = ValueError(n)
                error.__context__ = last
                last = error
            raise last
        """)

    assert one.call().error_type == "AlgorithmError"


def test_syntax_error_at_load_names_file_line_and_text(start: Callable[..., Guest]) -> None:
    one = start({"src/__init__.py": "", "src/Hello.py": "x = 1\ndef apply(input)\n    pass\n"})

    report = one.load()

    assert report.type is FrameType.FAILED
    assert report.error_type == "LoadingError"
    assert (report.header["file"], report.header["line"]) == ("src/Hello.py", 2)
    assert f'File "{one.tree}/src/Hello.py", line 2' in report.stacktrace
    assert "def apply(input)" in report.stacktrace


def test_error_while_loading_carries_its_place_and_what_was_printed(
    start: Callable[..., Guest],
) -> None:
    one = start(
        {
            "src/__init__.py": "",
            "src/Hello.py": "print('before')\nfrom src import inner\n",
            "src/inner.py": "\n\n1 / 0\n",
        }
    )

    report = one.load()

    assert report.stdout == "before\n"
    assert (report.header["file"], report.header["line"]) == ("src/inner.py", 3)
    assert "importlib" not in report.stacktrace
    assert "line 2, in <module>" in report.stacktrace


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("import cv2", "provides it (opencv-python-headless) to the algorithm's Dependencies."),
        ("import nowhere", "Add the package that provides it (nowhere) to the algorithm's"),
        ("import src.nowhere", "The algorithm has no file src/nowhere.py."),
        (
            "raise ImportError('libGL.so.1: cannot open shared object file: No such file')",
            "does not have the system library libGL.so.1. For OpenCV, use the package",
        ),
    ],
)
def test_import_errors_say_what_to_do(start: Callable[..., Guest], code: str, advice: str) -> None:
    report = start({"src/__init__.py": "", "src/Hello.py": code}).load()

    assert report.error_type == "LoadingError"
    assert advice in report.message


def test_full_disk_is_named(guest: GuestOf) -> None:
    one = guest("""
        def apply(input):
            with open("/dev/full", "w") as f:
                f.write("x")
        """)

    assert one.call().error_type == "OutOfDiskError"


def test_process_limit_is_named(guest: GuestOf) -> None:
    one = guest("""
        import os, resource, subprocess, threading
        def apply(input):
            if os.getuid() == 0:
                os.setuid(54321)
            resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
            if input == "thread":
                threading.Thread(target=print).start()
            if input == "fork":
                os.fork()
            subprocess.Popen(["/bin/true"])
        """)

    answers = [one.call(way) for way in ("fork", "thread", "program")]

    assert [answer.error_type for answer in answers] == ["TooManyProcessesError"] * 3


def test_memory_that_is_not_there_is_named_and_the_next_call_is_answered(guest: GuestOf) -> None:
    one = guest("""
        import resource
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        def apply(input):
            return len(bytearray(input))
        """)

    assert one.call(1 << 32).error_type == "OutOfMemoryError"
    assert one.call(10).value == 10
