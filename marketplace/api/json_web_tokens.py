"""`Authorization: Bearer <JWT>` of the identity provider that the operator trusts.

The provider decides who is who: the claim that the operator names is an account's name here,
and somebody it knows and we do not gets an account. Such a token manages no keys and changes
no profile, so that one that leaked is worth nothing when it has expired. Where the operator
says what its tags are worth, they make staff and members of organizations.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any, Final

import jwt
from django.conf import settings

from marketplace.accounts import actors, registration, tagging
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner, User
from marketplace.accounts.scopes import Scope
from marketplace.lib.errors import NotAllowed, NotSignedIn, Unavailable

KEYS_KEPT_SECONDS: Final = 300
FETCH_SECONDS: Final = 5


def is_one(secret: str) -> bool:
    """Whether a credential looks like such a token, and this site takes them at all."""
    return bool(settings.JWT_ISSUER) and secret.count(".") == 2


def actor_of(token: str) -> Actor:
    """Give who the provider says this is; raise NotSignedIn if it does not say so."""
    claims = _claims(token)
    name = claims.get(settings.JWT_NAME_CLAIM)
    if not isinstance(name, str) or not name:
        raise NotSignedIn(f"This token does not say who you are: no {settings.JWT_NAME_CLAIM}.")
    tags = _tags(claims)
    provider = Actor(name=settings.JWT_ISSUER[:100], scopes=frozenset({Scope.ADMIN}))
    person = _person(name, claims, provider)
    if not person.is_active or person.owner.is_suspended:
        raise NotAllowed("This account is suspended; write to the operator of the site.")
    if tags is not None:
        person = tagging.apply(tags, to=person, by=provider)
    actor = actors.of_user(person)
    return replace(actor, scopes=actor.scopes - {Scope.ACCOUNT})


def _claims(token: str) -> dict[str, Any]:
    try:
        key = _keys(settings.JWT_JWKS_URL).get_signing_key_from_jwt(token)
        claims: dict[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=["RS256"],
            issuer=settings.JWT_ISSUER,
            audience=settings.JWT_AUDIENCE,
            options={"require": ["exp", "iss", "aud"]},
        )
    except jwt.PyJWKClientConnectionError:
        raise Unavailable(
            "The keys of this site's identity provider cannot be fetched at the moment."
        ) from None
    except jwt.ExpiredSignatureError:
        raise NotSignedIn("This token has expired; sign in with your provider again.") from None
    except jwt.PyJWTError:
        raise NotSignedIn("This token is not of the provider that this site trusts.") from None
    return claims


def _tags(claims: dict[str, Any]) -> frozenset[str] | None:
    """The tags of a token, or None where the operator does not use them."""
    claim = settings.JWT_TAGS_CLAIM
    if not claim:
        return None
    if claim not in claims:
        raise NotSignedIn(f"This token does not say what you may do: no {claim}.")
    found = claims[claim]
    tags = [found] if isinstance(found, str) else found
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise NotSignedIn(f"The claim {claim} of this token is neither a text nor a list of texts.")
    return frozenset(tags)


def _person(name: str, claims: dict[str, Any], provider: Actor) -> User:
    owner = Owner.objects.named(name).open().select_related("user__owner").first()
    if owner is None:
        owner = registration.add(
            by=provider,
            username=name,
            email=str(claims.get("email") or f"{name}@users.invalid"),
            full_name=str(claims.get("name") or ""),
        )
    if owner.user is None:
        raise NotSignedIn(f"{owner} is an organization; nobody signs in as one.")
    return owner.user


@cache
def _keys(address: str) -> jwt.PyJWKClient:
    return jwt.PyJWKClient(address, lifespan=KEYS_KEPT_SECONDS, timeout=FETCH_SECONDS)
