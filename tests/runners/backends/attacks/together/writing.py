"""Write anywhere but into the scratch folder and shared memory."""

import os
import stat

from attempt import must_fail, must_hold

for top, folders, _ in os.walk("/"):
    if top == "/":
        folders[:] = [name for name in folders if name not in ("proc", "tmp")]
    if top == "/dev":
        folders[:] = [name for name in folders if name != "shm"]
    if top.count("/") > 3:
        folders[:] = []
    must_fail(f"a file in {top}", lambda: open(os.path.join(top, "intruder"), "w"))
must_fail("changing a program", lambda: open("/usr/bin/env", "ab"))
must_fail("a mode", lambda: os.chmod("/usr/bin/env", 0o777))
must_fail("removing a program", lambda: os.unlink("/usr/bin/env"))
must_fail("moving a program away", lambda: os.rename("/usr/bin/env", "/usr/bin/vne"))
must_fail("a second name for a program", lambda: os.link("/usr/bin/env", "/tmp/env"))
must_fail("a disk", lambda: os.mknod("/tmp/disk", stat.S_IFBLK | 0o666, os.makedev(8, 0)))
must_fail("a memory device", lambda: os.mknod("/tmp/mem", stat.S_IFCHR | 0o666, os.makedev(1, 1)))
for folder in ("/tmp", "/tmp/work", "/dev/shm"):
    with open(os.path.join(folder, "mine"), "w") as file:
        must_hold(f"can write in {folder}", file.write("x") == 1)
