"""A second factor at sign-in: codes of an authenticator app, and recovery codes for a lost one."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from datetime import timedelta
from typing import Final

import pyotp
import segno
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts import attempts, audit, notifications
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Authenticator, RecoveryCode, User
from marketplace.accounts.permissions import may_change_own_settings
from marketplace.lib.errors import BadInput, Conflict, NotFound

STEP_SECONDS: Final = 30
TOLERANCE: Final = (0, -1, 1)
"""Time steps that a code may be off: clocks differ, and people type slowly."""

MOST_WRONG: Final = 5
WINDOW: Final = timedelta(minutes=15)
RECOVERY_CODES: Final = 10
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_WHAT: Final = "second factor"


def is_on(user: User) -> bool:
    """Whether the person must show a second factor after their password."""
    return Authenticator.objects.filter(user=user, confirmed_at__isnull=False).exists()


@transaction.atomic
def begin(*, by: Actor) -> Authenticator:
    """Give the secret of an authenticator that is to be set up; the same until it is confirmed."""
    by.require(may_change_own_settings, "sign-in security")
    row = Authenticator.objects.filter(user_id=by.user_id or 0).first()
    if row is not None and row.confirmed_at is not None:
        raise Conflict(_("An authenticator app is set up already; remove it first."))
    if row is None:
        row = Authenticator(user_id=by.user_id or 0)
        row.seal(pyotp.random_base32())
        row.save()
    return row


def address_of(row: Authenticator) -> str:
    """What the app reads from the QR code."""
    code = pyotp.TOTP(row.unseal())
    return code.provisioning_uri(name=row.user.username, issuer_name=settings.SITE_NAME)


def picture_of(row: Authenticator) -> str:
    """The QR code as an SVG element, black on white whatever the page's colours are."""
    code = segno.make(address_of(row), error="m", micro=False)
    return code.svg_inline(scale=5, border=4, dark="#000", light="#fff", omitsize=True)


@transaction.atomic
def confirm(code: str, *, by: Actor) -> list[str]:
    """Turn it on, once a first code is right; give the recovery codes, which nobody reads again."""
    by.require(may_change_own_settings, "sign-in security")
    row = begin(by=by)
    if not _accept(row, code):
        raise BadInput(
            _("This code is not right. Take the one the app shows now; is your clock right?")
        )
    Authenticator.objects.filter(pk=row.pk).update(confirmed_at=timezone.now())
    audit.record(by, "turned on the authenticator app", row.user)
    _tell(by, lambda: _("An authenticator app now guards your account"))
    return new_recovery_codes(by=by)


@transaction.atomic
def turn_off(*, by: Actor) -> None:
    by.require(may_change_own_settings, "sign-in security")
    RecoveryCode.objects.filter(user_id=by.user_id or 0).delete()
    if Authenticator.objects.filter(user_id=by.user_id or 0).delete()[0]:
        audit.record(by, "turned off the authenticator app", by.name)
        _tell(by, lambda: _("Your account has no authenticator app any more"))


@transaction.atomic
def new_recovery_codes(*, by: Actor) -> list[str]:
    """Make codes that let the person in once each; all earlier ones end."""
    by.require(may_change_own_settings, "sign-in security")
    if not Authenticator.objects.filter(
        user_id=by.user_id or 0, confirmed_at__isnull=False
    ).exists():
        raise NotFound(_("Recovery codes stand in for an authenticator app; set one up first."))
    codes = [_new_code() for _number in range(RECOVERY_CODES)]
    RecoveryCode.objects.filter(user_id=by.user_id or 0).delete()
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user_id=by.user_id or 0, digest=_digest(code)) for code in codes
    )
    audit.record(by, "made recovery codes", by.name)
    return codes


def codes_left(user_id: int) -> int:
    return RecoveryCode.objects.filter(user_id=user_id, used_at__isnull=True).count()


def check(user: User, code: str) -> str:
    """Accept a code of the app or a recovery code; give which, or raise BadInput or TooMany."""
    attempts.admit(_WHAT, user.pk, most=MOST_WRONG, within=WINDOW)
    typed = "".join(code.split()).lower()
    row = Authenticator.objects.filter(user=user, confirmed_at__isnull=False).first()
    if row is not None and typed.isdigit() and _accept(row, typed):
        attempts.forget(_WHAT, user.pk)
        return "code"
    unused = RecoveryCode.objects.filter(user=user, used_at__isnull=True)
    if typed and unused.filter(digest=_digest(typed)).update(used_at=timezone.now()):
        attempts.forget(_WHAT, user.pk)
        notifications.tell(
            [user.pk],
            kind="security",
            title=lambda: _("A recovery code was used to sign in"),
            body=lambda: _("%(left)s are left.") % {"left": unused.count()},
            url="/security/",
        )
        return "recovery code"
    raise BadInput(_("This code is not right, or it was used already. Take the next one."))


def _accept(row: Authenticator, code: str) -> bool:
    """Whether the code is right now; the time step it is of counts only once."""
    typed = "".join(code.split())
    step, app = int(time.time()) // STEP_SECONDS, pyotp.TOTP(row.unseal())
    for off in TOLERANCE:
        expected = app.generate_otp(step + off)
        if hmac.compare_digest(expected.encode(), typed.encode(errors="replace")):
            newer = Authenticator.objects.filter(pk=row.pk, last_step__lt=step + off)
            return bool(newer.update(last_step=step + off))
    return False


def _new_code() -> str:
    letters = "".join(secrets.choice(_ALPHABET) for _number in range(16))
    return "-".join(letters[at : at + 4] for at in range(0, 16, 4))


def _digest(code: str) -> str:
    """Codes are random and long enough (79 bits) for one fast hash."""
    return hashlib.sha256(code.replace("-", "").encode(errors="replace")).hexdigest()


def _tell(by: Actor, title: notifications.Words) -> None:
    notifications.tell(
        [by.user_id or 0],
        kind="security",
        title=title,
        body=lambda: _("If that was not you, change your password at once."),
        url="/security/",
    )
