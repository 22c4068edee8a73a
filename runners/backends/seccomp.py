"""What a program inside may not ask of the kernel: one policy, rendered for both backends.

Nothing here is needed by ordinary programs; each entry is a door that kernel bugs have stood
behind, or a way to look at or change what belongs to the host. bubblewrap takes the policy as
a BPF program, Docker as a JSON profile. A call that is newer than this list does not exist.
"""

from __future__ import annotations

import errno
import json
import platform
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from runners.backends import calls

# name: (number on x86_64, number on aarch64); None where there is no such call
DENIED: Final[dict[str, tuple[int | None, int | None]]] = {
    "_sysctl": (156, None),
    "acct": (163, 89),
    "add_key": (248, 217),
    "adjtimex": (159, 171),
    "afs_syscall": (183, None),
    "bpf": (321, 280),
    "chroot": (161, 51),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "create_module": (174, None),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "finit_module": (313, 273),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "get_kernel_syms": (177, None),
    "getpmsg": (181, None),
    "init_module": (175, 105),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "lookup_dcookie": (212, 18),
    "memfd_secret": (447, 447),
    "migrate_pages": (256, 238),
    "modify_ldt": (154, None),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "move_pages": (279, 239),
    "name_to_handle_at": (303, 264),
    "nfsservctl": (180, 42),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "putpmsg": (182, None),
    "query_module": (178, None),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "security": (185, None),
    "set_mempolicy_home_node": (450, 450),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "sysfs": (139, None),
    "syslog": (103, 116),
    "tuxcall": (184, None),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "uselib": (134, None),
    "userfaultfd": (323, 282),
    "ustat": (136, None),
    "vhangup": (153, 58),
    "vserver": (236, None),
    "open_tree_attr": (467, 467),
}
_FAMILIES: Final = {"unix": 1, "inet": 2, "inet6": 10}
_NETLINK: Final = 16  # only to ask for interfaces and addresses, as the C library does
_NETLINK_ROUTE: Final = 0
_TERMINAL_INPUT: Final = (0x5412, 0x541C)  # TIOCSTI and TIOCLINUX: typing for somebody else
_NAMESPACES: Final = (
    0x00020000,  # mount
    0x02000000,  # cgroup
    0x04000000,  # uts
    0x08000000,  # ipc
    0x10000000,  # user
    0x20000000,  # pid
    0x40000000,  # network
)


@dataclass(frozen=True, slots=True)
class Processor:
    """What differs between processors: how the kernel and Docker name it, and some numbers."""

    audit: int
    docker: str
    column: int
    clone: int
    clone3: int
    ioctl: int
    socket: int
    socketpair: int


PROCESSORS: Final = {
    "x86_64": Processor(0xC000003E, "SCMP_ARCH_X86_64", 0, 56, 435, 16, 41, 53),
    "aarch64": Processor(0xC00000B7, "SCMP_ARCH_AARCH64", 1, 220, 435, 29, 198, 199),
}

_LOAD, _EQUAL, _GREATER, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
_ALLOW, _KILL = 0x7FFF0000, 0x80000000

Instruction = tuple[int, int, int, int]


def is_supported(machine: str = "") -> bool:
    return (machine or platform.machine()) in PROCESSORS


def program(machine: str = "") -> bytes:
    """The policy as the BPF program that bubblewrap loads."""
    processor = PROCESSORS[machine or platform.machine()]
    return b"".join(struct.pack("=HBBI", *step) for step in _steps(processor))


def docker_profile(machine: str = "") -> str:
    """The policy as the profile that a Docker Engine loads."""
    processor = PROCESSORS[machine or platform.machine()]
    profile = {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": errno.ENOSYS,
        "architectures": [processor.docker],
        "syscalls": list(_rules()),
    }
    return json.dumps(profile)


def _refuse(number: int) -> int:
    return 0x00050000 | number


def _load(offset: int) -> Instruction:
    return (_LOAD, 0, 0, offset)


def _argument(index: int) -> Instruction:
    """Load the low half of an argument: the kernel reads these as 32 bits."""
    return _load(_ARGUMENTS_AT + 8 * index)


def _return(action: int) -> Instruction:
    return (_RETURN, 0, 0, action)


def _if(comparison: int, value: int, then: int) -> list[Instruction]:
    return [(comparison, 0, 1, value), _return(then)]


def _only(index: int, values: Iterable[int], otherwise: int) -> list[Instruction]:
    """Allow some values of an argument and refuse all others."""
    steps = [_argument(index)]
    for value in values:
        steps += _if(_EQUAL, value, _ALLOW)
    return [*steps, _return(otherwise)]


def _steps(processor: Processor) -> Iterator[Instruction]:
    yield _load(_ARCHITECTURE_AT)
    yield (_EQUAL, 1, 0, processor.audit)
    yield _return(_KILL)
    yield _load(_NUMBER_AT)
    yield from _if(_GREATER, calls.NEWEST, _refuse(errno.ENOSYS))  # and all of the x32 calls
    yield from _if(_EQUAL, processor.clone3, _refuse(errno.ENOSYS))  # so that clone is used
    for numbers in DENIED.values():
        number = numbers[processor.column]
        if number is not None:
            yield from _if(_EQUAL, number, _refuse(errno.EPERM))
    for number, steps in _argument_checks(processor):
        yield (_EQUAL, 0, len(steps), number)
        yield from steps
    yield _return(_ALLOW)


def _argument_checks(processor: Processor) -> Iterator[tuple[int, list[Instruction]]]:
    """Calls that depend on an argument; each list of steps ends with an answer."""
    no_permission, no_family = _refuse(errno.EPERM), _refuse(errno.EAFNOSUPPORT)
    yield (
        processor.clone,
        [
            _argument(0),
            *_if(_ANY_BIT, sum(_NAMESPACES), no_permission),
            _return(_ALLOW),
        ],
    )
    only_route = _only(2, [_NETLINK_ROUTE], no_family)
    families = _only(0, _FAMILIES.values(), no_family)[:-1]
    yield (
        processor.socket,
        [*families, (_EQUAL, 0, len(only_route), _NETLINK), *only_route, _return(no_family)],
    )
    yield processor.socketpair, _only(0, [_FAMILIES["unix"]], no_family)
    terminal = [step for value in _TERMINAL_INPUT for step in _if(_EQUAL, value, no_permission)]
    yield processor.ioctl, [_argument(1), *terminal, _return(_ALLOW)]


def _rules() -> Iterator[dict[str, object]]:
    """The policy in Docker's words. It compares whole arguments, so it can only allow values."""
    yield {"names": sorted(DENIED), "action": "SCMP_ACT_ERRNO", "errnoRet": errno.EPERM}
    yield {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno.ENOSYS}
    yield _allow(sorted(calls.ORDINARY))
    yield _allow(["clone"], (0, sum(_NAMESPACES), "SCMP_CMP_MASKED_EQ"))
    for family in _FAMILIES.values():
        yield _allow(["socket"], (0, family, "SCMP_CMP_EQ"))
    yield _allow(["socket"], (0, _NETLINK, "SCMP_CMP_EQ"), (2, _NETLINK_ROUTE, "SCMP_CMP_EQ"))
    yield _allow(["socketpair"], (0, _FAMILIES["unix"], "SCMP_CMP_EQ"))


def _allow(names: list[str], *arguments: tuple[int, int, str]) -> dict[str, object]:
    return {
        "names": names,
        "action": "SCMP_ACT_ALLOW",
        "args": [
            {"index": index, "value": value, "op": comparison, "valueTwo": 0}
            for index, value, comparison in arguments
        ],
    }
