"""SHA-256 of what goes into a call and comes out of it, for its receipt.

A small body is hashed in the time of a dictionary lookup; a large one in a thread, beside the
call, because the event loop has others to serve.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Final

SMALL: Final = 64 * 1024

Begun = str | asyncio.Future[str]


def begin(body: bytes) -> Begun:
    """The hash, or where it will be."""
    if len(body) <= SMALL:
        return _sha256(body)
    return asyncio.get_running_loop().run_in_executor(None, _sha256, body)


async def both(given: Begun, answered: bytes) -> tuple[str, str]:
    """The hashes of the input and of the output."""
    answer = begin(answered)
    before = given if isinstance(given, str) else await given
    after = answer if isinstance(answer, str) else await answer
    return before, after


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
