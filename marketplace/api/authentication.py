"""An Authorization header becomes an Actor: one function for calls, REST, WebSockets and git.

Accepted as the predecessor's clients send them: the bare key, `Simple KEY`, `Bearer KEY`,
and (from a sandbox's relay only) `Bearer run.…`.
"""

from __future__ import annotations

import base64
import binascii
import time
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models.signals import post_delete, post_save
from django.utils import timezone

from marketplace.accounts import actors, keys, run_tokens, second_factor, signing_in
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import APIKey, Membership, Organization, Owner, User
from marketplace.api import json_web_tokens
from marketplace.lib import tokens
from marketplace.lib.errors import NotAllowed, NotSignedIn

_MOST_REMEMBERED: Final = 10_000
_NOTE_EVERY_SECONDS: Final = 60.0
_remembered: dict[str, tuple[float, Actor]] = {}
_noted: dict[UUID, float] = {}


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
    if json_web_tokens.is_one(secret):
        actor = json_web_tokens.actor_of(secret)
        _remember(authorization, actor)
        return actor
    key = keys.find(secret)
    if key is None:
        raise NotSignedIn("This API key is not known, or it was revoked or has expired.")
    actor = actors.of_key(key)
    _remember(authorization, actor)
    return actor


def actor_of_git(authorization: str, *, address: str) -> Actor:
    """Give who sends a request of git's: a name with a password or key, or a key as elsewhere."""
    if not authorization.strip():
        raise NotSignedIn("Send your account name with your password or an API key.")
    is_basic = authorization.strip().partition(" ")[0].lower() == "basic"
    if is_basic:
        actor = actor_from_basic(authorization, address=address)
    else:
        actor = actor_from(authorization)
    check_origin(actor, origin="", referer="")
    return actor


def actor_from_basic(authorization: str, *, address: str) -> Actor:
    """Give who sends a Basic header, as git does: the password is the person's or one of their keys.

    `address` is where the request comes from, for the brake on guessing passwords.
    """
    scheme, _, encoded = authorization.strip().partition(" ")
    try:
        login, separator, password = (
            base64.b64decode(encoded, validate=True).decode().partition(":")
        )
    except (ValueError, binascii.Error):
        separator = ""
    if scheme.lower() != "basic" or not separator:
        raise NotSignedIn("Send your account name with your password or an API key.")
    if password.startswith(tokens.PREFIX):
        return _actor_of_typed_key(password, address)
    person = signing_in.check(login, password, address=address)
    if second_factor.is_on(person):
        raise NotAllowed(
            "This account asks for a second factor, which a program cannot show: send one of its "
            "API keys in place of the password."
        )
    return actors.of_user(person)


def _actor_of_typed_key(key: str, address: str) -> Actor:
    """A good key always comes in; wrong ones are braked by their address, so that no key is guessed."""
    try:
        return actor_from(key)
    except NotSignedIn:
        of_address = f"keys from {address}"
        signing_in.refuse_guessing(of_address, address=address)
        signing_in.note_failure(of_address, address=address)
        raise


def check_origin(actor: Actor, *, origin: str, referer: str) -> None:
    """Refuse a key that is used from a place its owner did not name.

    Browsers say which page sends a request in Origin or Referer; programs send neither.
    """
    if actor.key_id is None:
        return
    if not origin and not referer:
        if not actor.from_native:
            raise NotAllowed(
                f"The key “{actor.key_label}” is for web pages of {actor.web_origin}, not for programs."
            )
        return
    if actor.web_origin is None:
        raise NotAllowed(f"The key “{actor.key_label}” may not be used from web pages.")
    if not keys.is_page_of(actor.web_origin, origin or referer):
        raise NotAllowed(
            f"The key “{actor.key_label}” may be used from web pages of {actor.web_origin} only."
        )


def note_use(actor: Actor, address: str) -> None:
    """Write down that a key was used, once a minute at most; for requests that are not calls.

    Calls are noted in batches by their journal.
    """
    if actor.key_id is None:
        return
    now = time.monotonic()
    if _noted.get(actor.key_id, 0.0) > now - _NOTE_EVERY_SECONDS:
        return
    if len(_noted) >= _MOST_REMEMBERED:
        _noted.clear()
    _noted[actor.key_id] = now
    keys.note_use({actor.key_id: (timezone.now(), address)})


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
