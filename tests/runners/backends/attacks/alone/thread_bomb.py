"""Start threads until the limit."""

import threading

count = 0
wait = threading.Event()
try:
    while count < 5000:
        threading.Thread(target=wait.wait, daemon=True).start()
        count += 1
except RuntimeError as error:
    print(error, count, flush=True)
wait.set()
