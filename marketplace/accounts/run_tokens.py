"""The short-lived credential of a call in progress: signed, never stored, never inside a sandbox.

The relay of a sandbox adds it to what the algorithm sends to the platform, so that the
algorithm acts as its caller without holding anybody's key. Made once for each call on the
hot path, hence one HMAC over compact JSON instead of a general signing library.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from typing import Any, Final
from uuid import UUID

import orjson
from django.conf import settings

from marketplace.accounts.actors import Actor, RunningCall
from marketplace.accounts.scopes import Scope
from marketplace.lib.errors import NotSignedIn

PREFIX: Final = "run."
_TAG_BYTES: Final = 32


def sign(actor: Actor, running: RunningCall, *, expires_in: float) -> str:
    """Give the call in progress a token with its caller's identity and scopes."""
    claims = {
        "exp": time.time() + expires_in,
        "user": actor.user_id,
        "owner": actor.owner_id,
        "name": actor.name,
        "owners": list(actor.owner_ids),
        "executes": list(actor.executes_for),
        "scopes": list(actor.scopes & _PASSED_ON),
        "patterns": actor.patterns,
        "run": running,
    }
    body = orjson.dumps(claims, option=orjson.OPT_SERIALIZE_UUID | orjson.OPT_SERIALIZE_DATACLASS)
    return PREFIX + base64.urlsafe_b64encode(_tag(body) + body).decode()


def read(token: str) -> Actor:
    """Give the actor a token was made for; raise NotSignedIn if it is forged or too old."""
    try:
        sealed = base64.urlsafe_b64decode(token.removeprefix(PREFIX))
    except (ValueError, binascii.Error):
        raise NotSignedIn("This run token is damaged.") from None
    tag, body = sealed[:_TAG_BYTES], sealed[_TAG_BYTES:]
    if not hmac.compare_digest(tag, _tag(body)):
        raise NotSignedIn("This run token is damaged.")
    claims = orjson.loads(body)
    if claims["exp"] < time.time():
        raise NotSignedIn("The call this algorithm ran for has ended.")
    return _actor(claims)


_PASSED_ON: Final = frozenset({Scope.CALL, Scope.DATA_READ, Scope.DATA_WRITE})
"""A running algorithm never manages its caller's algorithms or account."""


def _tag(body: bytes) -> bytes:
    return hmac.digest(settings.SECRET_KEY.encode() + b"run-token", body, hashlib.sha256)


def _actor(claims: dict[str, Any]) -> Actor:
    run = claims["run"]
    payer_key = run["payer_key_id"]
    running = RunningCall(
        call_id=UUID(run["call_id"]),
        root_id=UUID(run["root_id"]),
        depth=run["depth"],
        algorithm_id=UUID(run["algorithm_id"]),
        algorithm_owner_id=UUID(run["algorithm_owner_id"]),
        algorithm_path=run["algorithm_path"],
        may_call_others=run["may_call_others"],
        insights_of=run["insights_of"],
        payer_key_id=UUID(payer_key) if payer_key else None,
        payer=run["payer"],
        root_algorithm_id=UUID(run["root_algorithm_id"]) if run["root_algorithm_id"] else None,
        capped_by=UUID(run["capped_by"]) if run["capped_by"] else None,
    )
    return Actor(
        user_id=claims["user"],
        owner_id=UUID(claims["owner"]) if claims["owner"] else None,
        name=claims["name"],
        owner_ids=frozenset(map(UUID, claims["owners"])),
        executes_for=frozenset(map(UUID, claims["executes"])),
        scopes=frozenset(map(Scope, claims["scopes"])),
        patterns=None if claims["patterns"] is None else tuple(claims["patterns"]),
        running=running,
    )
