"""A forgotten password: a link by e-mail, good once and for a few days.

The link is signed over the password and the last sign-in, so that using either ends it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from marketplace.accounts import actors, audit, registration
from marketplace.accounts.models import AuditEntry, User
from marketplace.lib.errors import BadInput, Unavailable

log = logging.getLogger(__name__)

ASKED: Final = "asked for a new password"
_PAUSE: Final = timedelta(minutes=5)
_MAIL: Final = """\
Somebody, probably you, asked for a new password for the account {name} at {site}.

Choose it here within {days} days:

{link}

If it was not you, do nothing: the present password stays.
"""


def send_link(login: str, *, address_of: Callable[[str, str], str]) -> None:
    """Mail the person a link, if there is such a person; tell the one who asks nothing.

    `address_of` makes the link's address from the person's reference and the token. One mail
    every few minutes at most, so that nobody's mailbox is filled by somebody else.
    """
    person = _person(login)
    if person is None or _asked_lately(person):
        return
    audit.record(actors.of_user(person), ASKED, person.username)
    reference = urlsafe_base64_encode(force_bytes(person.pk))
    link = address_of(reference, default_token_generator.make_token(person))
    days = settings.PASSWORD_RESET_TIMEOUT // 86400
    body = _MAIL.format(name=person.username, site=settings.SITE_NAME, days=days, link=link)
    try:
        send_mail(f"A new password for {person.username}", body, None, [person.email])
    except OSError as error:
        log.exception("The mail server does not take mail")
        raise Unavailable("Mail cannot be sent at present. Try again later.") from error


def person_of(reference: str, token: str) -> User:
    """Give the person a link was sent to, or raise BadInput if it is used, old or made up."""
    try:
        user = User.objects.get(pk=int(urlsafe_base64_decode(reference)), is_active=True)
    except (ValueError, OverflowError, User.DoesNotExist):
        user = None
    if user is None or not default_token_generator.check_token(user, token):
        raise BadInput("This link was used already or is too old. Ask for a new one.")
    return user


@transaction.atomic
def reset(reference: str, token: str, *, password: str) -> User:
    """Set the password; every session of the person ends."""
    user = person_of(reference, token)
    registration.check_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    audit.record(actors.of_user(user), "set a new password by mail", user.username)
    return user


def _person(login: str) -> User | None:
    text = login.strip()
    if "\x00" in text:
        return None
    by_name = Q(username__iexact=text) | Q(email__iexact=text)
    return User.objects.filter(by_name, is_active=True, owner__isnull=False).first()


def _asked_lately(person: User) -> bool:
    lately = AuditEntry.objects.filter(user=person, at__gt=timezone.now() - _PAUSE)
    return lately.filter(action=ASKED).exists()
