"""Random identifiers for the hot path: version 4 UUIDs from randomness that is asked for in bulk.

Asking the kernel for 16 bytes costs more than everything else about an identifier.
"""

from __future__ import annotations

import os
from typing import Final
from uuid import UUID

_AT_ONCE: Final = 256
_unused: list[bytes] = []


def new_id() -> UUID:
    """Give an identifier like uuid4 does; as random, and safe in threads."""
    try:
        seed = _unused.pop()
    except IndexError:
        block = os.urandom(16 * _AT_ONCE)
        _unused.extend(block[start : start + 16] for start in range(16, len(block), 16))
        seed = block[:16]
    return UUID(bytes=seed, version=4)


def _forget() -> None:
    """A forked child must not hand out what its parent will."""
    _unused.clear()


os.register_at_fork(after_in_child=_forget)
