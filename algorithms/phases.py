"""Where a call is on its way, for the page that watches it: queued, starting, loading, running.

A page is given a name under which its runs can be watched, signed for the person who looks
at it. The name cannot be guessed, and the socket asks for the signature. What is told comes
from the sandbox's own road (runners/pool.py); the last word is kept for a socket that comes late.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from typing import Final

from django.core import signing
from django.core.cache import cache

from marketplace.lib import live
from runners.specs import Phase

_NAME: Final = re.compile(r"[0-9a-f]{32}\Z")
_SALT: Final = "algorithms.phases"
_KEPT_SECONDS: Final = 3600
_DAY: Final = 86_400


def ticket(user_id: int | None) -> str:
    """A new name to watch runs under, signed for whoever looks at the page."""
    return signing.dumps([uuid.uuid4().hex, user_id], salt=_SALT)


def name_in(text: str, user_id: int | None) -> str | None:
    """The name in a ticket of this person's; nothing for strangers and for what is no ticket."""
    try:
        name, owner = signing.loads(text, salt=_SALT, max_age=_DAY)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return name if owner == user_id else None


def is_name(text: str) -> bool:
    return _NAME.match(text) is not None


def group(name: str) -> str:
    return f"run-{name}"


def tell(name: str, phase: Phase) -> None:
    """Say that the run watched under this name has entered a phase. On the pool's loop only."""
    asyncio.get_running_loop().run_in_executor(None, cache.set, _key(name), phase, _KEPT_SECONDS)
    live.notify(group(name), {"type": "run.phase", "phase": phase.value})


def last(name: str) -> str:
    """The phase entered last, for a socket that was lost meanwhile."""
    return str(cache.get(_key(name), ""))


def _key(name: str) -> str:
    return f"phase:{name}"
