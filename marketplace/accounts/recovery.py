"""A forgotten password: a link by e-mail, good once and for a few days.

The link is signed over the password and the last sign-in, so that using either ends it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from celery import Task, shared_task
from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from marketplace.accounts import actors, attempts, audit, registration
from marketplace.accounts.models import AuditEntry, User
from marketplace.lib.errors import BadInput

ASKED: Final = gettext_noop("asked for a new password")
_PAUSE: Final = timedelta(minutes=5)
_MOST_FROM_ONE: Final = 30


def ask(login: str, *, address: str) -> str:
    """Have a link mailed to the person, if there is such a person; give the task's id.

    Whoever asks learns nothing, not even by how long it takes: that is left to a task.
    `address` is where they ask from; TooMany, if they ask for ever.
    """
    attempts.admit("new password", address, most=_MOST_FROM_ONE, within=timedelta(hours=1))
    return str(send_link.delay(login).id)


@shared_task(
    name="marketplace.accounts.recovery.send_link",
    bind=True,
    autoretry_for=(OSError,),
    retry_backoff=30,
    max_retries=5,
)
def send_link(self: Task[[str], None], login: str) -> None:
    """Mail the link; once every few minutes at most, so that nobody fills another's mailbox."""
    person = _person(login)
    if person is None:
        return
    if not self.request.retries:
        if _asked_lately(person):
            return
        audit.record(actors.of_user(person), ASKED, person.username)
    send_mail(*_letter(person, _link(person)), None, [person.email])


def person_of(reference: str, token: str) -> User:
    """Give the person a link was sent to, or raise BadInput if it is used, old or made up."""
    try:
        user = User.objects.get(pk=int(urlsafe_base64_decode(reference)), is_active=True)
    except (ValueError, OverflowError, User.DoesNotExist):
        user = None
    if user is None or not default_token_generator.check_token(user, token):
        raise BadInput(_("This link was used already or is too old. Ask for a new one."))
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


def _link(person: User) -> str:
    """On our own host, whatever the Host header of the request claimed."""
    reference = urlsafe_base64_encode(force_bytes(person.pk))
    token = default_token_generator.make_token(person)
    return f"{settings.SITE_URL}{reverse('accounts:new_password', args=[reference, token])}"


def _letter(person: User, link: str) -> tuple[str, str]:
    """Subject and text, in the language of whoever gets them."""
    values = {
        "name": person.username,
        "site": settings.SITE_NAME,
        "days": settings.PASSWORD_RESET_TIMEOUT // 86400,
        "link": link,
    }
    with translation.override(person.reading_language):
        body = _(
            "Somebody, probably you, asked for a new password for the account %(name)s at "
            "%(site)s.\n\nChoose it here within %(days)s days:\n\n%(link)s\n\n"
            "If it was not you, do nothing: the present password stays."
        )
        return _("A new password for %(name)s") % values, body % values


def _person(login: str) -> User | None:
    text = login.strip()
    if "\x00" in text:
        return None
    by_name = Q(username__iexact=text) | Q(email__iexact=text)
    return User.objects.filter(by_name, is_active=True, owner__isnull=False).first()


def _asked_lately(person: User) -> bool:
    lately = AuditEntry.objects.filter(user=person, at__gt=timezone.now() - _PAUSE)
    return lately.filter(action=ASKED).exists()
