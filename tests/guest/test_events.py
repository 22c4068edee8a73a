"""What a call says while it runs, as the guest tells it, and how it is asked to end one."""

from __future__ import annotations

import json
from collections.abc import Callable

from runners.protocol import FrameType, encode
from tests.guest.harness import Guest

GuestOf = Callable[..., Guest]

COUNT = """
    import time

    def apply(input):
        try:
            for n in range(input["to"]):
                print("at", n)
                time.sleep(input.get("pause", 0))
                yield n, (n + 1) / input["to"]
            if "answer" in input:
                return input["answer"]
        finally:
            print("left")
"""


def test_what_apply_yields_is_told_and_the_last_of_it_is_the_result(guest: GuestOf) -> None:
    one = guest(COUNT)

    heard, answer = one.watch({"to": 2, "pause": 0.15})
    unwatched = one.call({"to": 3, "answer": {"all": 3}})

    assert [(event.header, event.body) for event in heard] == [
        ({"progress": 0.5, "kind": "json"}, b"0"),
        ({"progress": 1.0, "kind": "json"}, b"1"),
    ]
    assert (answer.value, answer.stdout) == (1, "at 0\nat 1\nleft\n")
    assert unwatched.value == {"all": 3}


def test_what_is_printed_is_told_while_the_call_runs_and_only_of_watched_calls(
    guest: GuestOf,
) -> None:
    one = guest("""
        import time

        def apply(input):
            print(input, flush=True)
            open("go" + input, "w").close()
            while not __import__("os").path.exists("enough" + input):
                time.sleep(0.01)
            return input
    """)

    one.send(encode(FrameType.CALL, {"id": "a", "kind": "text"}, b"quiet"))
    (one.work / "enoughquiet").touch()
    assert one.receive().stdout == "quiet\n"
    one.send(encode(FrameType.CALL, {"id": "b", "kind": "text", "events": 7}, b"loud"))
    header, printed = one.printed()
    (one.work / "enoughloud").touch()

    assert (header, printed) == ({"events": 7, "left_out": 0}, b"loud\n")
    assert one.receive().value == "loud"


def test_flood_is_told_in_a_few_words(guest: GuestOf) -> None:
    one = guest("""
        def apply(input):
            for n in range(input):
                print("x" * 1000)
                yield "y" * 1000
    """)

    heard, answer = one.watch(3000)
    header, printed = one.printed()
    told = len(printed)
    while header["left_out"] == 0:
        header, printed = one.printed()
        told += len(printed)

    assert answer.value == "y" * 1000
    assert answer.header["run_us"] / 100_000 + 2 > len(heard)
    assert len(printed) == 16 * 1024
    assert header["left_out"] > 0


def test_cancel_ends_the_call_at_its_next_yield_and_the_guest_takes_another(
    guest: GuestOf,
) -> None:
    one = guest(COUNT)
    endless = {"to": 10**9, "pause": 0.01}

    one.send(encode(FrameType.CALL, {"id": "a", "kind": "json"}, json.dumps(endless).encode()))
    one.send(encode(FrameType.CANCEL, {"id": "a"}))
    cancelled = one.receive()
    one.send(encode(FrameType.CANCEL, {"id": "a"}))  # too late: it is over
    after = one.call({"to": 1})

    assert (cancelled.error_type, cancelled.header["id"]) == ("Cancelled", "a")
    assert cancelled.stdout.endswith("left\n")
    assert after.value == 0


def test_guest_says_whether_it_can_end_a_call_by_itself(start: GuestOf) -> None:
    plain = start({"src/__init__.py": "", "src/Hello.py": "def apply(input):\n    return 1\n"})
    stepwise = start({"src/__init__.py": "", "src/Hello.py": "def apply(input):\n    yield 1\n"})

    assert plain.load().header["cancel"] is False
    assert stepwise.load().header["cancel"] is True
