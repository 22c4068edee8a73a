"""A key that has just been made, on its way to the one page that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.http import HttpRequest

from marketplace.accounts.models import APIKey
from marketplace.lib import sealing

_PLACE: Final = "new-key"


@dataclass(frozen=True)
class NewKey:
    id: UUID
    label: str
    mask: str
    secret: str


def leave(request: HttpRequest, key: APIKey, secret: str) -> None:
    """Put it aside, sealed, for the next page of this session."""
    sealed = sealing.seal(secret, purpose=f"new key {key.pk}")
    request.session[_PLACE] = {"id": str(key.pk), "label": key.label, "sealed": sealed}


def take(request: HttpRequest) -> NewKey | None:
    """The key that was put aside; it is gone then, for it is shown once."""
    kept = request.session.pop(_PLACE, None)
    if kept is None:
        return None
    key = APIKey.objects.filter(pk=kept["id"]).first()
    if key is None:
        return None
    try:
        secret = sealing.unseal(kept["sealed"], purpose=f"new key {key.pk}")
    except sealing.Unreadable:
        return None
    return NewKey(key.pk, key.label, key.mask, secret)
