"""Another e-mail address: it counts once a link that was mailed to it is used."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core import signing
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from marketplace.accounts import attempts, audit, registration
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner, User
from marketplace.accounts.permissions import may_change_profile
from marketplace.lib.errors import BadInput, Conflict, Unavailable

log = logging.getLogger(__name__)

LIFETIME: Final = timedelta(days=2)
_MOST_MAILS: Final = 5
_SALT: Final = "e-mail change"


def ask(owner: Owner, email: str, *, by: Actor, link_of: Callable[[str], str]) -> str:
    """Mail a link to the new address and give it as it will be kept; nothing changes yet."""
    by.require(may_change_profile, owner)
    user = User.objects.get(pk=by.user_id or 0)
    address = registration.check_email(email, of=user)
    if address == user.email:
        raise BadInput(_("This is your address already."))
    attempts.admit("e-mail change", user.pk, most=_MOST_MAILS, within=timedelta(hours=1))
    token = signing.dumps({"user": user.pk, "old": user.email, "new": address}, salt=_SALT)
    values = {"name": user.username, "site": settings.SITE_NAME, "link": link_of(token)}
    body = _(
        "The account %(name)s at %(site)s wants to use this address.\n\n"
        "Confirm it within two days:\n\n%(link)s\n\n"
        "If you do not know the account, do nothing."
    )
    subject = _("Confirm your address for %(site)s") % values
    _send(subject, body % values, address)
    audit.record(by, "asked for another e-mail address", owner)
    return address


def behind(token: str) -> tuple[User, str]:
    """Give whose link it is and the address it is for; BadInput if it is old, used or made up."""
    try:
        said = signing.loads(token, salt=_SALT, max_age=LIFETIME)
        user = User.objects.get(pk=said["user"], email=said["old"], is_active=True)
    except (signing.BadSignature, User.DoesNotExist, KeyError, TypeError):
        raise BadInput(
            _("This link was used already or is too old. Change the address again.")
        ) from None
    return user, str(said["new"])


@transaction.atomic
def confirm(token: str, *, by: Actor) -> str:
    """Make the new address the person's, and tell the old one."""
    user, address = behind(token)
    by.require(may_change_profile, user.owner)
    before, user.email = user.email, registration.check_email(address, of=user)
    try:
        with transaction.atomic():
            user.save(update_fields=["email"])
    except IntegrityError:
        raise Conflict(_("Another account has this e-mail address by now.")) from None
    audit.record(by, "changed the e-mail address", user.owner, before=before, after=address)
    values = {"name": user.username, "site": settings.SITE_NAME, "new": address}
    with translation.override(user.reading_language):
        body = _(
            "The account %(name)s at %(site)s now uses the address %(new)s.\n\n"
            "If that was not you, write to the operator of the site at once."
        )
        subject = _("Your address for %(site)s has changed") % values
    transaction.on_commit(lambda: _send_if_possible(subject, body % values, before))
    return address


def _send(subject: str, body: str, address: str) -> None:
    try:
        send_mail(subject, body, None, [address])
    except OSError as error:
        log.exception("The mail server does not take mail")
        raise Unavailable(_("Mail cannot be sent at present. Try again later.")) from error


def _send_if_possible(subject: str, body: str, address: str) -> None:
    try:
        send_mail(subject, body, None, [address])
    except OSError:
        log.exception("The mail server does not take mail")
