"""Bodies of requests and answers, compressed as HTTP does it."""

import gzip
import io


def gzip_compress(data):
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as file:
        file.write(data)
    return buffer.getvalue()


def gzip_decompress(data):
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        return file.read()
