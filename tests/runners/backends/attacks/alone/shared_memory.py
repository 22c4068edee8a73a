"""Fill the shared memory."""

import errno

written = 0
try:
    with open("/dev/shm/file", "wb", buffering=0) as file:
        while True:
            written += file.write(bytes(1024 * 1024))
except OSError as error:
    print(errno.errorcode[error.errno], written // (1024 * 1024), flush=True)
