"""The filter's policy, tried by running its program as the kernel would."""

from __future__ import annotations

import errno
import json
import platform
import re
import struct
from pathlib import Path

import pytest

from runners.backends import calls, seccomp
from runners.backends.seccomp import DENIED, PROCESSORS

ALLOW, KILL = "allow", "kill"
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


def answer(machine: str, number: int, *arguments: int, audit: int | None = None) -> str:
    """Run the filter on one call, as the kernel's BPF machine does."""
    audit = PROCESSORS[machine].audit if audit is None else audit
    padded = (*arguments, *[0] * (6 - len(arguments)))
    data = struct.pack("=IIQ6Q", number, audit, 0, *padded)
    program = seccomp.program(machine)
    value, at = 0, 0
    while True:
        code, then, otherwise, constant = struct.unpack_from("=HBBI", program, at * 8)
        at += 1
        if code == 0x20:
            (value,) = struct.unpack_from("=I", data, constant)
        elif code == 0x06:
            return _name(constant)
        else:
            is_true = {
                0x15: value == constant,
                0x25: value > constant,
                0x45: bool(value & constant),
            }[code]
            at += then if is_true else otherwise


def _name(action: int) -> str:
    if action == 0x7FFF0000:
        return ALLOW
    if action == 0x80000000:
        return KILL
    return errno.errorcode[action & 0xFFFF]


@pytest.fixture(params=PROCESSORS)
def machine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_each_denied_call_is_not_permitted(machine: str) -> None:
    column = PROCESSORS[machine].column
    numbers = [both[column] for both in DENIED.values() if both[column] is not None]

    answers = {answer(machine, number) for number in numbers if number is not None}

    assert answers == {"EPERM"}


def test_every_other_call_is_allowed_up_to_the_newest(machine: str) -> None:
    processor = PROCESSORS[machine]
    denied = {both[processor.column] for both in DENIED.values()}
    special = {processor.clone3, processor.socket, processor.socketpair}

    answers = {
        answer(machine, number)
        for number in range(calls.NEWEST + 1)
        if number not in denied and number not in special
    }

    assert answers == {ALLOW}


@pytest.mark.parametrize("number", [calls.NEWEST + 1, 1000, 0x40000000, 0x40000029, 0xFFFFFFFF])
def test_unknown_calls_do_not_exist(machine: str, number: int) -> None:
    assert answer(machine, number) == "ENOSYS"


def test_clone3_does_not_exist_so_that_clone_is_used(machine: str) -> None:
    assert answer(machine, PROCESSORS[machine].clone3) == "ENOSYS"


@pytest.mark.parametrize("bit", [17, 25, 26, 27, 28, 29, 30])
def test_clone_makes_no_namespace(machine: str, bit: int) -> None:
    assert answer(machine, PROCESSORS[machine].clone, 1 << bit | 17) == "EPERM"


def test_clone_makes_processes_and_threads(machine: str) -> None:
    number = PROCESSORS[machine].clone

    assert answer(machine, number, 17) == ALLOW
    assert answer(machine, number, 0x3D0F00) == ALLOW


def test_sockets_are_of_three_families_and_for_interfaces(machine: str) -> None:
    number = PROCESSORS[machine].socket

    allowed = [family for family in range(64) if answer(machine, number, family, 1) == ALLOW]

    assert allowed == [1, 2, 10, 16]
    assert answer(machine, number, 40, 1) == "EAFNOSUPPORT"
    assert answer(machine, number, 16, 3, 12) == "EAFNOSUPPORT"


def test_upper_half_of_an_argument_hides_nothing(machine: str) -> None:
    high = 1 << 32
    processor = PROCESSORS[machine]

    assert answer(machine, processor.socket, high | 40) == "EAFNOSUPPORT"
    assert answer(machine, processor.clone, high | 0x10000000) == "EPERM"
    assert answer(machine, processor.ioctl, 0, high | 0x5412) == "EPERM"


def test_socket_pairs_are_unix(machine: str) -> None:
    number = PROCESSORS[machine].socketpair

    assert answer(machine, number, 1) == ALLOW
    assert answer(machine, number, 40) == "EAFNOSUPPORT"


def test_typing_into_a_terminal_is_not_permitted(machine: str) -> None:
    number = PROCESSORS[machine].ioctl

    assert [answer(machine, number, 0, c) for c in (0x5412, 0x541C)] == ["EPERM", "EPERM"]
    assert answer(machine, number, 0, 0x5413) == ALLOW


def test_calls_of_another_processor_kill(machine: str) -> None:
    assert answer(machine, 0, audit=0x40000003) == KILL


def test_numbers_are_those_of_the_kernel_headers(machine: str) -> None:
    found = _headers(machine)
    processor = PROCESSORS[machine]
    ours = {name: both[processor.column] for name, both in DENIED.items()}
    ours |= {name: getattr(processor, name) for name in ("clone", "clone3", "ioctl", "socket")}
    ours["socketpair"] = processor.socketpair

    wrong = {name: n for name, n in ours.items() if name in found and found[name] != n}

    assert wrong == {}


def test_every_call_of_the_headers_is_either_ordinary_or_decided_about(machine: str) -> None:
    decided = calls.ORDINARY | set(DENIED) | {"clone", "clone3", "socket", "socketpair"}

    undecided = {
        name
        for name, number in _headers(machine).items()
        if number <= calls.NEWEST and name not in decided
    }

    assert undecided <= {"syscalls", "arch_specific_syscall"}


def test_docker_profile_allows_what_is_ordinary_and_refuses_the_rest(machine: str) -> None:
    profile = json.loads(seccomp.docker_profile(machine))
    allowed = {
        name
        for rule in profile["syscalls"]
        if rule["action"] == "SCMP_ACT_ALLOW" and not rule["args"]
        for name in rule["names"]
    }

    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    assert profile["architectures"] == [PROCESSORS[machine].docker]
    assert allowed == calls.ORDINARY
    assert not allowed & set(DENIED)


def _headers(machine: str) -> dict[str, int]:
    """The numbers that the kernel's headers give, for this processor at least."""
    header = HEADERS[machine]
    if machine != platform.machine() and not header.exists():
        pytest.skip(f"This machine, a {platform.machine()}, has no kernel headers for {machine}.")
    assert header.exists(), "The kernel's headers are missing: apt-get install linux-libc-dev"
    found = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", header.read_text())
    return {name: int(number) for name, number in found}
