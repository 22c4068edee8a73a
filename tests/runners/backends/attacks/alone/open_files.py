"""Open files until the limit."""

import errno

opened = []
try:
    while len(opened) < 100_000:
        opened.append(open("/dev/null"))
except OSError as error:
    print(errno.errorcode[error.errno], len(opened) + 3, flush=True)
