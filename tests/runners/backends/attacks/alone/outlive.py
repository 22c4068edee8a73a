"""Leave a process behind that no longer belongs to anyone."""

import os
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            time.sleep(0.1)
    os._exit(0)
time.sleep(0.2)
print("leaving", flush=True)
