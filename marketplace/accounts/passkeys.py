"""Passkeys: sign in with a fingerprint, a face or a security key instead of a password.

The library does the cryptography; here is who may do what, and what is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import orjson
import webauthn
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from marketplace.accounts import audit, notifications
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Passkey, User
from marketplace.accounts.permissions import may_change_own_settings
from marketplace.lib.errors import BadInput, Conflict, NotAllowed, NotFound, NotSignedIn

MOST: Final = 20
_UNUSABLE: Final = (WebAuthnException, ValueError, KeyError, TypeError)
"""What the library raises for an answer that is made up, damaged or for somebody else."""


@dataclass(frozen=True)
class Place:
    """Where a passkey is good: the host of the site, and the address of its pages."""

    host: str
    origin: str


def creation_options(*, by: Actor, place: Place) -> tuple[str, str]:
    """What a browser needs to make a passkey, as JSON, and the challenge to keep meanwhile."""
    by.require(may_change_own_settings, "passkeys")
    user = User.objects.get(pk=by.user_id or 0)
    known = list(user.passkeys.values_list("credential_id", flat=True))
    if len(known) >= MOST:
        raise Conflict(_("You have %(most)s passkeys; remove one first.") % {"most": MOST})
    options = webauthn.generate_registration_options(
        rp_id=place.host,
        rp_name=settings.SITE_NAME,
        user_id=str(user.pk).encode(),
        user_name=user.username,
        user_display_name=user.get_full_name(),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=base64url_to_bytes(one)) for one in known
        ],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
    )
    return webauthn.options_to_json(options), bytes_to_base64url(options.challenge)


@transaction.atomic
def add(answer: bytes, *, by: Actor, place: Place, challenge: str, label: str) -> Passkey:
    """Keep the public half of a passkey that a browser has just made."""
    by.require(may_change_own_settings, "passkeys")
    try:
        made = webauthn.verify_registration_response(
            credential=answer.decode(),
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=place.host,
            expected_origin=place.origin,
            require_user_verification=True,
        )
    except _UNUSABLE:
        raise BadInput(
            _("The passkey could not be added: the browser's answer is not valid.")
        ) from None
    credential_id = bytes_to_base64url(made.credential_id)
    if Passkey.objects.filter(credential_id=credential_id).exists():
        raise Conflict(_("This passkey is known already."))
    row = Passkey.objects.create(
        user_id=by.user_id or 0,
        label=" ".join(label.split())[:100] or _("Passkey"),
        credential_id=credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
    )
    audit.record(by, "added a passkey", row.label)
    _tell(by, lambda: _("A passkey was added to your account: %(label)s") % {"label": row.label})
    return row


@transaction.atomic
def remove(passkey_id: int, *, by: Actor) -> None:
    by.require(may_change_own_settings, "passkeys")
    row = Passkey.objects.filter(pk=passkey_id, user_id=by.user_id or 0).first()
    if row is None:
        raise NotFound(_("There is no such passkey."))
    row.delete()
    audit.record(by, "removed a passkey", row.label)
    _tell(
        by, lambda: _("A passkey was removed from your account: %(label)s") % {"label": row.label}
    )


def request_options(place: Place) -> tuple[str, str]:
    """What a browser needs to ask for a passkey, whosever it is, and the challenge to keep."""
    options = webauthn.generate_authentication_options(
        rp_id=place.host, user_verification=UserVerificationRequirement.REQUIRED
    )
    return webauthn.options_to_json(options), bytes_to_base64url(options.challenge)


def check(answer: bytes, *, place: Place, challenge: str) -> User:
    """Give the person whose passkey has answered; raise NotSignedIn if none of ours has."""
    try:
        said = orjson.loads(answer)
        rows = Passkey.objects.filter(credential_id=str(said["id"]))
        row = rows.select_related("user__owner").get()
        used = webauthn.verify_authentication_response(
            credential=said,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=place.host,
            expected_origin=place.origin,
            credential_public_key=bytes(row.public_key),
            credential_current_sign_count=row.sign_count,
            require_user_verification=True,
        )
    except (*_UNUSABLE, Passkey.DoesNotExist):
        raise NotSignedIn(
            _("This passkey is not known here, or it did not answer as it should.")
        ) from None
    if not row.user.is_active or row.user.owner.is_suspended:
        raise NotAllowed(_("This account is suspended; write to the operator of the site."))
    Passkey.objects.filter(pk=row.pk).update(
        sign_count=used.new_sign_count, last_used_at=timezone.now()
    )
    return row.user


def _tell(by: Actor, title: notifications.Words) -> None:
    notifications.tell(
        [by.user_id or 0],
        kind="security",
        title=title,
        body=lambda: _("If that was not you, change your password at once."),
        url="/security/",
    )
