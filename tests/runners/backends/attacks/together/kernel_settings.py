"""Change the kernel: core_pattern first of all, which is a way to run programs as root outside."""

import os

from attempt import must_fail

for path in ("kernel/core_pattern", "kernel/modprobe", "vm/overcommit_memory", "kernel/hostname"):
    must_fail(path, lambda: os.open(f"/proc/sys/{path}", os.O_WRONLY))
for top, _, names in os.walk("/proc/sys"):
    for name in names:
        path = os.path.join(top, name)
        must_fail(path, lambda: os.open(path, os.O_WRONLY))
for path in ("sysrq-trigger", "irq/default_smp_affinity", "mtrr"):
    must_fail(path, lambda: os.open(f"/proc/{path}", os.O_WRONLY))
chance = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
must_fail("a lower chance to be killed than the platform's", lambda: os.write(chance, b"-1"))
