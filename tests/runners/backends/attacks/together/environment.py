"""Look for the platform's environment and command lines in all that /proc shows."""

import os

from attempt import HOST, must_fail, must_hold

for process in filter(str.isdigit, os.listdir("/proc")):
    for name in ("environ", "cmdline"):
        try:
            with open(f"/proc/{process}/{name}", "rb") as file:
                content = file.read()
        except OSError:
            content = b""
        must_hold(f"no secret in {name}", "".join(HOST["secret_halves"]).encode() not in content)
must_hold("few processes", len([p for p in os.listdir("/proc") if p.isdigit()]) < 10)
must_fail("a process of the host", lambda: open(f"/proc/{HOST['pid']}/status").read())
must_hold("its own name", os.uname().nodename == "sandbox")
must_hold("the same root for all", os.listdir("/proc/self/root") == os.listdir("/"))
