"""The predecessor's published Python client, unmodified; only its own warnings are muted."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it is older than the Pythons that warn about it
    import Algorithmia
    from Algorithmia.acl import ReadAcl
    from Algorithmia.errors import DataApiError

__all__ = ["DataApiError", "ReadAcl", "connected"]


@contextlib.contextmanager
def connected(url: str, key: str) -> Iterator[Any]:
    """A client of a site, whose connections are closed in the end."""
    client = Algorithmia.client(key, url)
    try:
        yield client
    finally:
        client.requestSession.close()
