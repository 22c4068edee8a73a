"""Become somebody: by the calls for it, by setuid programs, by capabilities."""

import os
import subprocess

from attempt import must_fail, must_hold

for name, action in (
    ("setuid", lambda: os.setuid(0)),
    ("setgid", lambda: os.setgid(0)),
    ("setgroups", lambda: os.setgroups([0])),
    ("setresuid", lambda: os.setresuid(0, 0, 0)),
    ("chown", lambda: os.chown("/tmp/work", 0, 0)),
    ("nice", lambda: os.nice(-5)),
    ("sethostname", lambda: __import__("socket").sethostname("other")),
):
    must_fail(name, action)
status = dict(line.split(":\t", 1) for line in open("/proc/self/status") if ":\t" in line)
must_hold("not root", "0" not in status["Uid"].split() + status["Gid"].split())
for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
    must_hold(f"{name} empty", int(status[name], 16) == 0)
must_hold("no new privileges", status["NoNewPrivs"].strip() == "1")
must_hold("filtered calls", status["Seccomp"].strip() == "2")
for program in ("su", "mount", "passwd", "newgrp", "sudo"):
    path = f"/usr/bin/{program}"
    if os.path.exists(path) and os.stat(path).st_mode & 0o4000:
        started = subprocess.Popen(
            [path], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            with open(f"/proc/{started.pid}/status") as file:
                users = [line for line in file if line.startswith("Uid:")]
            must_hold(f"{program} does not run as root", "\t0" not in users[0])
        except OSError:
            pass
        started.kill()
        started.communicate()
