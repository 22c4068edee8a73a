"""Send signals to processes outside."""

import os
import signal

from attempt import HOST, must_fail

must_fail("a signal to the platform", lambda: os.kill(HOST["pid"], 0))
must_fail("an end of the platform", lambda: os.kill(HOST["pid"], signal.SIGKILL))
must_fail("a handle of the platform", lambda: os.pidfd_open(HOST["pid"]))
