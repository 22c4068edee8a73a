"""API keys: create, find, revoke. The secret is shown once and kept only as a hash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from marketplace.accounts import audit
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import APIKey, Owner
from marketplace.accounts.permissions import may_manage_keys
from marketplace.lib import tokens
from marketplace.lib.errors import BadInput


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
def create(
    owner: Owner,
    *,
    by: Actor,
    label: str,
    scopes: KeyScopes = FULL,
    expires_at: datetime | None = None,
) -> tuple[APIKey, str]:
    """Make a key and give it with its secret, which nobody can read again."""
    by.require(may_manage_keys, owner)
    if scopes.is_admin and not by.is_staff:
        raise BadInput("Only staff can make administration keys.")
    if expires_at is not None and expires_at <= timezone.now():
        raise BadInput("A key cannot expire in the past.")
    if by.user_id is None:
        raise BadInput("A key needs a person who answers for it.")
    secret = tokens.new_api_key()
    key = APIKey.objects.create(
        owner=owner,
        user_id=by.user_id,
        label=label.strip() or "key",
        digest=tokens.digest(secret),
        mask=tokens.mask(secret),
        expires_at=expires_at,
        **vars(scopes),
    )
    audit.record(by, "created a key", f"{owner}: {key}")
    return key, secret


def find(secret: str) -> APIKey | None:
    """The usable key with this secret, with its owner and person loaded."""
    if not tokens.is_well_formed(secret):
        return None
    usable = APIKey.objects.usable().select_related("owner", "user")
    welcome = usable.filter(
        user__is_active=True, user__owner__is_suspended=False, owner__is_suspended=False
    )
    return welcome.filter(digest=tokens.digest(secret)).first()


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
    by.require(may_manage_keys, key.owner)
    if key.revoked_at is None:
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])
        audit.record(by, "revoked a key", f"{key.owner}: {key}")
