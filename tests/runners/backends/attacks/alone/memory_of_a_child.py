"""Let a child die of memory and go on."""

import subprocess
import sys

child = subprocess.run([sys.executable, "-c", "x = bytearray(512 * 1024 * 1024)"])
print("the child gave", child.returncode, flush=True)
