"""Make empty files without end."""

import errno

count = 0
try:
    while count < 1_000_000:
        open(str(count), "x").close()
        count += 1
except OSError as error:
    print(errno.errorcode[error.errno], count, flush=True)
