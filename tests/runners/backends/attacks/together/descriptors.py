"""Find descriptors that came in from outside, here or in other processes of the sandbox."""

import os
import stat

from attempt import must_hold

mine = {int(name) for name in os.listdir("/proc/self/fd")}
must_hold(f"no descriptor but the usual three: {sorted(mine)}", mine <= {0, 1, 2, 3})
opened = 0
for process in filter(str.isdigit, os.listdir("/proc")):
    folder = f"/proc/{process}/fd"
    try:
        names = os.listdir(folder)
    except OSError:
        names = []
    for name in names:
        for mode in (os.O_RDWR, os.O_RDONLY, os.O_PATH):
            try:
                handle = os.open(f"{folder}/{name}", mode | os.O_NONBLOCK)
            except OSError:
                continue
            kind = os.fstat(handle).st_mode
            os.close(handle)
            link = os.readlink(f"{folder}/{name}") if os.path.lexists(f"{folder}/{name}") else ""
            is_outside = stat.S_ISREG(kind) and not link.startswith(("/opt", "/tmp", "/usr"))
            must_hold(f"{link} of process {process}", not is_outside and not stat.S_ISBLK(kind))
devices = {"console", "core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm"}
devices |= {"stderr", "stdin", "stdout", "tty", "urandom", "zero"}
must_hold(f"no device but {sorted(devices)}", set(os.listdir("/dev")) <= devices)
