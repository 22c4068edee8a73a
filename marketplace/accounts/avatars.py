"""Pictures of people and organizations: what is uploaded is decoded, cut and drawn anew.

So what is served is pixels that we have written ourselves, whatever the upload held. Who has
none gets their initials in a colour made from their name.
"""

from __future__ import annotations

import hashlib
from typing import Final

from django.db import transaction
from django.utils.html import format_html
from django.utils.translation import gettext as _

from marketplace.accounts import audit
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Avatar, Owner
from marketplace.accounts.permissions import may_change_profile, may_manage_organization
from marketplace.lib import pictures
from marketplace.lib.errors import TooLarge

MOST_BYTES: Final = 5 * 1024 * 1024
SIDE: Final = 256
_COLOURS: Final = (
    "#0b6e4f", "#1f4fb8", "#7a1f7d", "#8a3b0f", "#7a4b00", "#96294a", "#2f5d62", "#4a3f8f",
)  # fmt: skip
"""Each dark enough for white letters."""


def may_change_picture(actor: Actor, owner: Owner) -> bool:
    return may_change_profile(actor, owner) or may_manage_organization(actor, owner)


@transaction.atomic
def change(owner: Owner, content: bytes, *, by: Actor) -> Avatar:
    """Take an uploaded picture; refuse what is too large or no picture."""
    by.require(may_change_picture, owner)
    if len(content) > MOST_BYTES:
        raise TooLarge(_("A picture may have 5 MB at most; this one is larger."))
    drawn = pictures.redrawn(content, side=SIDE, is_square=True)
    digest = hashlib.sha256(drawn).hexdigest()
    avatar, _new = Avatar.objects.update_or_create(
        owner=owner, defaults={"image": drawn, "digest": digest}
    )
    audit.record(by, "changed the picture", owner)
    return avatar


@transaction.atomic
def remove(owner: Owner, *, by: Actor) -> None:
    by.require(may_change_picture, owner)
    if Avatar.objects.filter(owner=owner).delete()[0]:
        audit.record(by, "removed the picture", owner)


def initials(owner: Owner) -> str:
    """An SVG picture made from the name: two letters at most, on a colour that stays."""
    words = owner.label.split() or [owner.name]
    letters = (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper()
    number = int.from_bytes(hashlib.sha256(owner.name.lower().encode()).digest()[:2])
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">'
        '<rect width="64" height="64" fill="{}"/>'
        '<text x="32" y="33" fill="#fff" font-family="system-ui, sans-serif" font-size="26" '
        'font-weight="600" text-anchor="middle" dominant-baseline="central">{}</text></svg>',
        _COLOURS[number % len(_COLOURS)],
        letters,
    )
