"""What the attack programs share. Runs inside a sandbox, on its system's Python.

A program tries what must not work; it says `held` only if it tried something and nothing did.
"""

import atexit
import ctypes
import errno
import json
import os

HOST = json.loads(os.environ.get("HOST", "{}"))  # what the test knows of the machine outside
LIBC = ctypes.CDLL(None, use_errno=True)

_tried = []
_escaped = []


def must_fail(what, action):
    """Try something that the sandbox must refuse."""
    _tried.append(what)
    try:
        result = action()
    except (OSError, OverflowError, ValueError) as error:
        return error
    _escaped.append(f"{what} gave {result!r}"[:300])
    return None


def must_hold(what, is_true):
    _tried.append(what)
    if not is_true:
        _escaped.append(what)


def call(number, *arguments):
    """Make a system call by its number; raise OSError as the os module would."""
    LIBC.syscall.restype = ctypes.c_long
    result = LIBC.syscall(ctypes.c_long(number), *map(ctypes.c_void_p, arguments))
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def error_of(number, *arguments):
    """Give the name of the error a system call answers with, or `none`."""
    try:
        call(number, *arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "none"


def stop_unless_alone():
    """Send nothing if the sandbox has a network: that is an escape already."""
    with open("/proc/net/dev") as file:
        interfaces = [line.split(":")[0].strip() for line in file.readlines()[2:]]
    must_hold(f"no interface but the loopback: {interfaces}", interfaces == ["lo"])
    if _escaped:
        raise SystemExit(1)


@atexit.register
def _say():
    if _escaped:
        print("escaped: " + "; ".join(_escaped))
    elif _tried:
        print(f"held {len(_tried)}")
    else:
        print("escaped: nothing was tried")
