"""Read what is not shown: secrets, homes, the host's scratch folder, the platform's data."""

import os

from attempt import HOST, must_fail, must_hold

for path in (
    *("/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/ssh", "/etc/machine-id"),
    *("/etc/hosts.allow", "/etc/environment", "/etc/ssl/private", "/proc/kcore", "/proc/kmsg"),
    *("/root", "/home", "/var", "/srv", "/mnt", "/media", "/boot", "/usr/local", "/usr/src"),
    *("/sys/kernel", "/sys/firmware", "/sys/class", "/dev/kmsg", "/dev/mem", "/dev/sda"),
    *HOST["files"],
):
    must_fail(
        f"reading {path}", lambda: os.listdir(path) if os.path.isdir(path) else open(path).read(1)
    )
shown = set(os.listdir("/"))
expected = {"bin", "dev", "etc", "lib", "lib64", "opt", "proc", "run", "sbin", "tmp", "usr"}
expected |= {"lib32", "libx32", "sys", ".dockerenv"}
must_hold(f"nothing but the system at the top, not {shown - expected}", shown <= expected)
must_hold("an empty scratch folder", set(os.listdir("/tmp")) <= {"work"})
