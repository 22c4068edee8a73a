"""Fill the scratch space with many files."""

import errno

written = 0
try:
    for number in range(1000):
        with open(str(number), "wb") as file:
            written += file.write(bytes(1024 * 1024))
            file.flush()
except OSError as error:
    print(errno.errorcode[error.errno], written // (1024 * 1024), flush=True)
