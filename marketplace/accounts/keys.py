"""API keys: create, find, revoke. The secret is shown once and kept only as a hash."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts import audit, patterns
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import APIKey, Membership, Owner
from marketplace.accounts.permissions import may_make_keys, may_revoke_key
from marketplace.lib import tokens
from marketplace.lib.errors import BadInput, Conflict, NotAllowed

MOST_KEYS: Final = 200
_LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = re.compile(rf"(\*|(\*\.)?{_LABEL}(\.{_LABEL})*(:\d{{1,5}})?)\Z")


@dataclass(frozen=True)
class KeyScopes:
    """What a new key may do; the defaults are those of the predecessor's form."""

    algorithm_access: APIKey.AlgorithmAccess = APIKey.AlgorithmAccess.NONE
    algorithm_patterns: list[str] = field(default_factory=list)
    may_manage: bool = False
    data_access: APIKey.DataAccess = APIKey.DataAccess.NONE
    from_native: bool = True
    from_web: bool = False
    web_origin: str = ""
    is_admin: bool = False


FULL = KeyScopes(
    algorithm_access=APIKey.AlgorithmAccess.FULL,
    may_manage=True,
    data_access=APIKey.DataAccess.READ_WRITE,
)
"""All that a key can do with its owner's things: the scopes of the key made at sign-up."""


@transaction.atomic
def create(  # noqa: PLR0913 - each is a field of the form
    owner: Owner,
    *,
    by: Actor,
    label: str,
    scopes: KeyScopes = FULL,
    expires_at: datetime | None = None,
    secret: str | None = None,
) -> tuple[APIKey, str]:
    """Make a key and give it with its secret, which nobody can read again.

    An operator may bring a `secret` of our form along, to keep a demo's key the same.
    """
    by.require(may_make_keys, owner)
    if by.user_id is None:
        raise BadInput(_("A key needs a person who answers for it."))
    if expires_at is not None and expires_at <= timezone.now():
        raise BadInput(_("A key cannot expire in the past."))
    if owner.api_keys.usable().count() >= MOST_KEYS:
        raise Conflict(
            _("%(owner)s has %(most_keys)s keys; revoke one that is not used any more.")
            % {"owner": owner, "most_keys": MOST_KEYS}
        )
    secret = _new_or(secret)
    key = APIKey.objects.create(
        owner=owner,
        user_id=by.user_id,
        label=_label(label),
        digest=tokens.digest(secret),
        mask=tokens.mask(secret),
        expires_at=expires_at,
        **vars(_checked(scopes, by)),
    )
    audit.record(by, "created a key", f"{owner}: {key}", scopes=", ".join(sorted(key.scopes)))
    return key, secret


def _checked(scopes: KeyScopes, by: Actor) -> KeyScopes:
    """Give the scopes tidied, or raise BadInput if they contradict themselves or exceed `by`."""
    if scopes.is_admin and not by.is_staff:
        raise NotAllowed(_("Only staff can make administration keys."))
    if not (scopes.from_native or scopes.from_web):
        raise BadInput(_("Say where the key will be used: from programs, from web pages or both."))
    origin = scopes.web_origin.strip().lower()
    if scopes.from_web and not _HOST.match(origin):
        raise BadInput(
            _(
                "A key for web pages needs the host name of the pages, such as shop.example.org, "
                "*.example.org or localhost:3000."
            )
        )
    restricted = scopes.algorithm_access == APIKey.AlgorithmAccess.RESTRICTED
    return replace(
        scopes,
        web_origin=origin if scopes.from_web else "",
        algorithm_patterns=patterns.cleaned(scopes.algorithm_patterns) if restricted else [],
    )


def _new_or(secret: str | None) -> str:
    if secret is None:
        return tokens.new_api_key()
    if not tokens.is_well_formed(secret):
        raise BadInput(_("This is not a key of this site's form."))
    if APIKey.objects.filter(digest=tokens.digest(secret)).exists():
        raise Conflict(_("This key exists already."))
    return secret


def _label(text: str) -> str:
    label = " ".join(text.split())
    if not 1 <= len(label) <= 100:
        raise BadInput(_("Give the key a label of 1 to 100 characters."))
    return label


def find(secret: str) -> APIKey | None:
    """The usable key with this secret, with its owner and person loaded."""
    if not tokens.is_well_formed(secret):
        return None
    return _welcome(Q(digest=tokens.digest(secret)))


def still_usable(key_id: UUID) -> APIKey | None:
    """The key, if whoever sent its secret now would still come in."""
    return _welcome(Q(pk=key_id))


def _welcome(wanted: Q) -> APIKey | None:
    usable = APIKey.objects.usable().select_related("owner", "user")
    welcome = usable.filter(
        user__is_active=True, user__owner__is_suspended=False, owner__is_suspended=False
    )
    key = welcome.filter(wanted).first()
    return key if key is not None and _still_belongs(key) else None


def _still_belongs(key: APIKey) -> bool:
    """Whether the person who answers for an organization's key is still with it."""
    organization = key.owner.organization_id
    if organization is None:
        return key.owner.user_id == key.user_id
    memberships = Membership.objects.filter(organization=organization, user=key.user_id)
    return memberships.exclude(role=Membership.Role.INVITED).exists()


def is_page_of(allowed: str, address: str) -> bool:
    """Whether a page's address is of the host that a key names (`*.example.org`, `*` too)."""
    try:
        parts = urlsplit(address)
        host, place = (parts.hostname or "").lower(), parts.netloc.lower()
    except ValueError:
        return False
    wanted = allowed.lower()
    if wanted == "*":
        return bool(host)
    if wanted.startswith("*."):
        return host.endswith(wanted[1:])
    return wanted in (host, place)


@transaction.atomic
def note_use(uses: Mapping[UUID, tuple[datetime, str]]) -> None:
    """Keep when and from where each key was last used; never puts an older use over a newer."""
    for key_id, (when, address) in uses.items():
        older = Q(last_used_at__isnull=True) | Q(last_used_at__lt=when)
        APIKey.objects.filter(older, pk=key_id).update(
            last_used_at=when, last_used_from=address or None
        )


@transaction.atomic
def revoke(key: APIKey, *, by: Actor) -> None:
    """End a key for good; calls already running are not cut off."""
    by.require(may_revoke_key, key)
    withdraw(key, by)


def withdraw(key: APIKey, actor: Actor) -> None:
    """End a key as part of something larger that the actor was already allowed."""
    if key.revoked_at is None:
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])
        audit.record(actor, "revoked a key", f"{key.owner}: {key}")
