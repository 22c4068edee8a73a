"""Write one file that is larger than a file may be."""

import errno
import signal

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
written = 0
try:
    with open("/build/large", "wb", buffering=0) as file:
        while written < 1024**3:
            written += file.write(bytes(1024 * 1024))
except OSError as error:
    print(errno.errorcode[error.errno], written // (1024 * 1024), flush=True)
