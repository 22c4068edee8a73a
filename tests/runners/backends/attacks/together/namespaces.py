"""Make or enter namespaces, by each way there is."""

import ctypes
import os

from attempt import HOST, LIBC, error_of, must_fail, must_hold

FLAGS = {
    "mount": 0x20000,
    "cgroup": 0x2000000,
    "uts": 0x4000000,
    "ipc": 0x8000000,
    "user": 0x10000000,
    "pid": 0x20000000,
    "network": 0x40000000,
}


def checked(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), "refused")
    return result


for name, flag in FLAGS.items():
    must_fail(f"unshare {name}", lambda: checked(LIBC.unshare(flag)))
    answer = error_of(HOST["clone"], flag | 17, 0, 0, 0, 0)
    must_hold(f"clone with a new {name} namespace", answer == "EPERM")
for name in os.listdir("/proc/self/ns"):
    handle = os.open(f"/proc/1/ns/{name}", os.O_RDONLY) if os.access("/proc/1/ns", 5) else 0
    must_fail(f"setns {name}", lambda: checked(LIBC.setns(handle, 0)))
must_fail("mount", lambda: checked(LIBC.mount(b"none", b"/tmp", b"tmpfs", 0, None)))
must_fail("bind", lambda: checked(LIBC.mount(b"/usr", b"/tmp", None, 4096, None)))
must_fail("remount", lambda: checked(LIBC.mount(b"none", b"/", None, 32, None)))
must_fail("umount", lambda: checked(LIBC.umount2(b"/etc", 2)))
must_fail("chroot", lambda: os.chroot("/tmp"))
