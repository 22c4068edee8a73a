"""An Authorization header becomes an Actor: one function for calls, REST, WebSockets and git.

Accepted as the predecessor's clients send them: the bare key, `Simple KEY`, `Bearer KEY`,
and (from a sandbox's relay only) `Bearer run.…`.
"""

from __future__ import annotations

import time
from typing import Final

from django.conf import settings
from django.db.models.signals import post_delete, post_save

from marketplace.accounts import actors, keys, run_tokens
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import APIKey, Membership, Organization, Owner, User
from marketplace.lib.errors import NotSignedIn

_MOST_REMEMBERED: Final = 10_000
_remembered: dict[str, tuple[float, Actor]] = {}


def secret_in(authorization: str) -> str:
    """The key or token in a header's value, whichever of the accepted forms it has."""
    scheme, _, rest = authorization.strip().partition(" ")
    return rest.strip() if scheme.lower() in ("simple", "bearer") else authorization.strip()


def actor_from(authorization: str) -> Actor:
    """Give who sends this header; raise NotSignedIn if it is no credential of ours.

    Reads the database unless the header was seen a moment ago.
    """
    known = remembered(authorization)
    if known is not None:
        return known
    secret = secret_in(authorization)
    if secret.startswith(run_tokens.PREFIX):
        return run_tokens.read(secret)
    key = keys.find(secret)
    if key is None or key.owner.is_suspended:
        raise NotSignedIn("This API key is not known, or it was revoked or has expired.")
    actor = actors.of_key(key)
    _remember(authorization, actor)
    return actor


def remembered(authorization: str) -> Actor | None:
    """The actor of a header seen within the last moments, without asking the database."""
    entry = _remembered.get(authorization)
    if entry is None or entry[0] < time.monotonic():
        return None
    return entry[1]


def _remember(authorization: str, actor: Actor) -> None:
    if len(_remembered) >= _MOST_REMEMBERED:
        _remembered.clear()
    _remembered[authorization] = (time.monotonic() + settings.CALL_CACHE_SECONDS, actor)


def forget_all(**_: object) -> None:
    """Ask the database again: somebody's rights have changed in this process.

    Other processes notice after CALL_CACHE_SECONDS at the latest.
    """
    _remembered.clear()


for _model in (APIKey, Membership, Organization, Owner, User):
    post_save.connect(forget_all, sender=_model, weak=False)
    post_delete.connect(forget_all, sender=_model, weak=False)
