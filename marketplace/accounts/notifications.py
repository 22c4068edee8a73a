"""Tell people something: a row, a push to their open pages, and a mail if they want one.

The row is the truth; the push only wakes whoever looks, and mails are sent by a task, so that
nothing that tells somebody something waits for a mail server.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from celery import shared_task
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Notification, NotificationChoice, User
from marketplace.accounts.permissions import may_change_own_settings
from marketplace.lib import live
from marketplace.lib.errors import BadInput, NotFound

log = logging.getLogger(__name__)

Words = str | Callable[[], str]
"""Words that are not somebody's own come as a function, called once in each reader's language."""

KEPT: Final = timedelta(days=180)
_WAITING: Final = "waiting"
_SENT: Final = "sent"
_FAILED: Final = "failed"


@dataclass(frozen=True)
class Kind:
    """One kind of news: what it is about, and where people get it who chose nothing."""

    label: str | Promise
    by_mail: bool = False
    is_optional: bool = True
    """Otherwise it always stands on the site: what happened to an account or its money."""


KINDS: Final[Mapping[str, Kind]] = {
    "security": Kind(
        gettext_lazy("Sign-ins and changes to your account"), by_mail=True, is_optional=False
    ),
    "organization": Kind(gettext_lazy("Invitations and changes of roles"), by_mail=True),
    "approval": Kind(gettext_lazy("Versions that wait for an approval, and answers"), by_mail=True),
    "moderation": Kind(
        gettext_lazy("Decisions of the site's staff about what is yours"),
        by_mail=True,
        is_optional=False,
    ),
    "billing": Kind(
        gettext_lazy("Balance, budgets, receipts and payouts"), by_mail=True, is_optional=False
    ),
    "build": Kind(gettext_lazy("Builds and services of yours that failed")),
    "release": Kind(gettext_lazy("New versions of what you follow")),
    "follow": Kind(gettext_lazy("Stars and followers")),
    "review": Kind(gettext_lazy("Reviews of your algorithms, and answers to yours")),
    "discussion": Kind(gettext_lazy("Discussions that you take part in")),
    "call": Kind(gettext_lazy("First calls with your keys and of your algorithms")),
    "announcement": Kind(gettext_lazy("News about this site")),
}
OTHER: Final = Kind(gettext_lazy("Everything else"))


@dataclass(frozen=True)
class Choice:
    """Where one person gets one kind of news."""

    kind: str
    label: str
    on_site: bool
    by_mail: bool
    is_optional: bool


@dataclass(frozen=True)
class _Reader:
    user_id: int
    language: str
    on_site: bool
    by_mail: bool


def group(user_id: int) -> str:
    """The Channels group that hears when a person is told something."""
    return f"notifications.{user_id}"


def tell(
    user_ids: Iterable[int], *, kind: str, title: Words, body: Words = "", url: str = ""
) -> int:
    """Tell each of these people once, as they chose for this kind; give how many rows were made.

    `url` is a path on this site. Safe inside a transaction: pushes and mails wait for its end.
    """
    wanted = _wanted(frozenset(user_ids), kind)
    said = {
        language: _said(language, title, body)
        for language in {reader.language for reader in wanted if reader.on_site or reader.by_mail}
    }
    rows = [
        Notification(
            user_id=reader.user_id,
            kind=kind,
            title=said[reader.language][0],
            body=said[reader.language][1],
            url=url[:500],
            read_at=None if reader.on_site else timezone.now(),
            mail_state=_WAITING if reader.by_mail else "",
        )
        for reader in wanted
        if reader.on_site or reader.by_mail
    ]
    made = Notification.objects.bulk_create(rows)
    for row in made:
        transaction.on_commit(partial(live.notify, group(row.user_id), {"type": "told"}))
        if row.mail_state:
            transaction.on_commit(partial(mail.delay, row.pk))
    return len(made)


def unread_count(user_id: int) -> int:
    return Notification.objects.filter(user_id=user_id).unread().count()


def mark_read(*, by: Actor, up_to: int | None = None) -> int:
    """Mark as read what the actor was told, or the part of it up to one notification."""
    by.require(may_change_own_settings, "notifications")
    rows = Notification.objects.filter(user_id=by.user_id or 0)
    changed = (rows if up_to is None else rows.filter(pk__lte=up_to)).mark_read()
    _wake(by.user_id)
    return changed


def open_one(notification_id: int, *, by: Actor) -> Notification:
    """Mark one as read and give it, so that its page can be opened."""
    by.require(may_change_own_settings, "notifications")
    row = Notification.objects.filter(pk=notification_id, user_id=by.user_id or 0).first()
    if row is None:
        raise NotFound(_("There is no such notification."))
    Notification.objects.filter(pk=row.pk).mark_read()
    _wake(by.user_id)
    return row


def choices_of(user_id: int) -> list[Choice]:
    """Where a person gets each kind of news."""
    chosen = {
        row.kind: (row.on_site, row.by_mail)
        for row in NotificationChoice.objects.filter(user_id=user_id)
    }
    return [
        Choice(name, str(kind.label), *_places(kind, chosen.get(name)), kind.is_optional)
        for name, kind in KINDS.items()
    ]


@transaction.atomic
def choose(places: Mapping[str, tuple[bool, bool]], *, by: Actor) -> None:
    """Keep where a person wants each kind: on the site, by mail."""
    by.require(may_change_own_settings, "notifications")
    unknown = sorted(set(places) - set(KINDS))
    if unknown:
        raise BadInput(_("There is no kind of news called %(kind)s.") % {"kind": unknown[0][:30]})
    for kind, (on_site, by_mail) in places.items():
        NotificationChoice.objects.update_or_create(
            user_id=by.user_id or 0, kind=kind, defaults={"on_site": on_site, "by_mail": by_mail}
        )


@shared_task(
    name="marketplace.accounts.notifications.mail",
    autoretry_for=(OSError,),
    retry_backoff=30,
    max_retries=5,
)
def mail(notification_id: int) -> None:
    """Mail one notification; delivered twice, it is sent once."""
    waiting = Notification.objects.filter(pk=notification_id, mail_state=_WAITING)
    row = waiting.select_related("user").first()
    if row is None or not waiting.update(mail_state=_SENT):
        return
    try:
        _send(row)
    except OSError:
        Notification.objects.filter(pk=row.pk).update(mail_state=_WAITING)
        raise
    except Exception:
        Notification.objects.filter(pk=row.pk).update(mail_state=_FAILED)
        log.exception("Notification %s could not be mailed", row.pk)


@shared_task(name="marketplace.accounts.notifications.tidy_up")
def tidy_up() -> int:
    """Remove what was told long ago, and queue again the mails that no worker has sent."""
    now = timezone.now()
    late = Notification.objects.filter(
        mail_state=_WAITING,
        created_at__lt=now - timedelta(minutes=30),
        created_at__gt=now - timedelta(days=2),
    )
    for pk in late.values_list("pk", flat=True)[:500]:
        mail.delay(pk)
    return Notification.objects.filter(created_at__lt=now - KEPT).delete()[0]


def _wanted(user_ids: frozenset[int], kind: str) -> list[_Reader]:
    """Each person who can still come in."""
    known = KINDS.get(kind, OTHER)
    people = User.objects.filter(pk__in=user_ids, is_active=True)
    chosen = {
        row.user_id: (row.on_site, row.by_mail)
        for row in NotificationChoice.objects.filter(user_id__in=user_ids, kind=kind)
    }
    return [
        _Reader(person.pk, person.reading_language, *_places(known, chosen.get(person.pk)))
        for person in people.only("language", "seen_language")
    ]


def _said(language: str, title: Words, body: Words) -> tuple[str, str]:
    with translation.override(language):
        first, rest = (words if isinstance(words, str) else words() for words in (title, body))
    return " ".join(first.split())[:200], rest[:5000]


def _places(kind: Kind, chosen: tuple[bool, bool] | None) -> tuple[bool, bool]:
    on_site, by_mail = chosen or (True, kind.by_mail)
    return on_site or not kind.is_optional, by_mail


def _wake(user_id: int | None) -> None:
    if user_id is not None:
        transaction.on_commit(partial(live.notify, group(user_id), {"type": "told"}))


def _send(row: Notification) -> None:
    if not row.user.email:
        return
    with translation.override(row.user.reading_language):
        link = f"{settings.SITE_URL}{row.url}" if row.url.startswith("/") else row.url
        closing = _(
            "You get this because of your settings at %(link)s, where you can turn it off."
        ) % {"link": f"{settings.SITE_URL}/notifications/settings/"}
        parts = [row.title, row.body, link, f"--\n{settings.SITE_NAME}\n{closing}"]
    text = "\n\n".join(part for part in parts if part)
    send_mail(f"[{settings.SITE_NAME}] {row.title}", text, None, [row.user.email])
