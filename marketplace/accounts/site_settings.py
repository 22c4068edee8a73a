"""What staff have set for the whole site: its title, who may sign up, what it announces."""

from __future__ import annotations

import re
import secrets
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import F, Q
from django.db.models.signals import post_delete, post_save
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts import audit
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Announcement, InviteCode, SiteSettings
from marketplace.accounts.permissions import may_administer
from marketplace.lib.errors import BadInput, NotAllowed

_SETTINGS_KEY: Final = "site:settings"
_ANNOUNCEMENTS_KEY: Final = "site:announcements"
_FRESH_SECONDS: Final = 30
_CODE: Final = re.compile(r"[A-Za-z0-9_-]{6,40}\Z")


def current() -> SiteSettings:
    """The settings, from the cache all processes share."""
    known: SiteSettings | None = cache.get(_SETTINGS_KEY)
    if known is None:
        known = SiteSettings.objects.filter(pk=1).first() or SiteSettings()
        cache.set(_SETTINGS_KEY, known, _FRESH_SECONDS)
    return known


def title() -> str:
    return current().title or str(settings.SITE_NAME)


@transaction.atomic
def change(*, by: Actor, **values: Any) -> SiteSettings:  # noqa: ANN401 - fields of SiteSettings
    """Set what is named; the rest stays."""
    by.require(may_administer, "the site's settings")
    if "terms_url" in values:
        check_link(values["terms_url"])
    row = SiteSettings.objects.select_for_update().filter(pk=1).first() or SiteSettings()
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    row.save()
    if changed:
        told = {name: "" if value is None else str(value) for name, value in changed.items()}
        audit.record(by, "changed the site's settings", "site", **told)
    return row


def check_link(address: str) -> None:
    """Raise BadInput for what is no web address and no path of this site."""
    if not address or (address.startswith("/") and not address.startswith("//")):
        return
    try:
        parts = urlsplit(address)
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in ("http", "https") or not parts.netloc:
        raise BadInput(_("A link starts with https:// or, on this site, with /."))


# Who may make an account


def require_sign_up(invitation: str = "") -> None:
    """Raise NotAllowed if nobody may make an account now, or not without a good invitation."""
    mode = current().sign_up
    if mode == SiteSettings.SignUp.CLOSED:
        raise NotAllowed(_("This site takes no new accounts at present; ask its operator."))
    if mode == SiteSettings.SignUp.INVITE and not _usable(invitation).exists():
        raise NotAllowed(
            _("New accounts need an invitation code, and this one is not valid or used up.")
            if invitation.strip()
            else _("New accounts need an invitation code; ask the operator of the site for one.")
        )


def needs_invitation() -> bool:
    return current().sign_up == SiteSettings.SignUp.INVITE


def use_invitation(invitation: str) -> None:
    """Count a code as used once more; NotAllowed if somebody else has just taken the last use."""
    if not needs_invitation():
        return
    if not _usable(invitation).update(uses_left=F("uses_left") - 1):
        raise NotAllowed(_("This invitation code has just been used up."))


def make_invitation(
    *, by: Actor, code: str = "", comment: str = "", uses: int = 1, expires_at: datetime | None
) -> InviteCode:
    by.require(may_administer, "invitation codes")
    chosen = code.strip() or secrets.token_urlsafe(9)
    if not _CODE.match(chosen):
        raise BadInput(_("A code has 6 to 40 letters, digits, hyphens or underscores."))
    if InviteCode.objects.filter(code__iexact=chosen).exists():
        raise BadInput(_("There is such a code already."))
    made = InviteCode.objects.create(
        code=chosen,
        comment=comment[:200],
        uses_left=uses,
        expires_at=expires_at,
        made_by_id=by.user_id,
    )
    audit.record(by, "made an invitation code", f"…{chosen[-3:]}", uses=str(uses), comment=comment)
    return made


def end_invitation(code: InviteCode, *, by: Actor) -> None:
    by.require(may_administer, "invitation codes")
    audit.record(by, "ended an invitation code", f"…{code.code[-3:]}", comment=code.comment)
    code.delete()


def _usable(invitation: str) -> Any:  # noqa: ANN401 - a queryset
    fresh = Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now())
    text = invitation.strip().replace("\0", "")
    return InviteCode.objects.filter(fresh, code__iexact=text, uses_left__gt=0)


# What it announces


def announcements() -> list[Announcement]:
    """Those to be shown now, the most urgent first."""
    known: list[Announcement] | None = cache.get(_ANNOUNCEMENTS_KEY)
    if known is None:
        soon = timezone.now()
        known = list(Announcement.objects.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=soon)))
        cache.set(_ANNOUNCEMENTS_KEY, known, _FRESH_SECONDS)
    now = timezone.now()
    shown = [
        one for one in known if one.starts_at <= now and not (one.ends_at and one.ends_at <= now)
    ]
    order = list(Announcement.Severity.values)
    return sorted(shown, key=lambda one: -order.index(one.severity))


@transaction.atomic
def announce(*, by: Actor, announcement: Announcement) -> Announcement:
    """Show a sentence on every page for a time, or change one."""
    by.require(may_administer, "announcements")
    check_link(announcement.link)
    if not announcement.text.strip():
        raise BadInput(_("An announcement needs a text."))
    if announcement.ends_at is not None and announcement.ends_at <= announcement.starts_at:
        raise BadInput(_("An announcement ends after it starts."))
    announcement.save()
    audit.record(by, "announced", announcement.text[:100], severity=announcement.severity)
    return announcement


@transaction.atomic
def take_down(announcement: Announcement, *, by: Actor) -> None:
    by.require(may_administer, "announcements")
    audit.record(by, "took down an announcement", announcement.text[:100])
    announcement.delete()


def _forget(**_: object) -> None:
    transaction.on_commit(lambda: cache.delete_many([_SETTINGS_KEY, _ANNOUNCEMENTS_KEY]))
    cache.delete_many([_SETTINGS_KEY, _ANNOUNCEMENTS_KEY])


for _model in (SiteSettings, Announcement):
    post_save.connect(_forget, sender=_model, weak=False)
    post_delete.connect(_forget, sender=_model, weak=False)
