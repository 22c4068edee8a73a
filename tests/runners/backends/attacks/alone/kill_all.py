"""Kill every process there is."""

import os
import signal

print("begun", flush=True)
try:
    os.kill(-1, signal.SIGKILL)
except ProcessLookupError:
    print("nobody there", flush=True)
