"""The browsers a person is signed in with: remembered at sign-in, listed, ended from elsewhere."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from importlib import import_module
from typing import Final

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from marketplace.accounts import actors, audit, notifications
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import AuditEntry, SignedInBrowser, User
from marketplace.accounts.permissions import may_change_own_settings
from marketplace.lib.errors import NotFound

SIGNED_IN: Final = gettext_noop("signed in")
METHOD: Final = "sign_in_method"
CONFIRMED: Final = "confirmed_at"
"""Names in a session: how the person came in, and when they last showed that it is them."""

FRESH: Final = timedelta(minutes=15)
_NOTE_EVERY_SECONDS: Final = 60.0
_MOST_NOTED: Final = 10_000
_noted: dict[str, float] = {}

_PROGRAMS: Final = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def note_seen(request: HttpRequest) -> None:
    """Keep when a session was last used, once a minute at most."""
    key = request.session.session_key
    now = time.monotonic()
    if key is None or _noted.get(key, 0.0) > now - _NOTE_EVERY_SECONDS:
        return
    if len(_noted) >= _MOST_NOTED:
        _noted.clear()
    _noted[key] = now
    SignedInBrowser.objects.filter(session_key=key).update(
        seen_at=timezone.now(), address=address_of(request)
    )


def address_of(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))[:45]


def in_words(agent: str) -> str:
    """A browser as people know it; what it says of itself is long and untrue."""
    program = next((name for mark, name in _PROGRAMS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    if program and system:
        return _("%(program)s on %(system)s") % {"program": program, "system": system}
    return program or system or re.split(r"[/\s(]", agent)[0][:40] or _("A browser")


def mine(*, by: Actor) -> list[SignedInBrowser]:
    """The person's sessions that still work, the last used first."""
    by.require(may_change_own_settings, "sessions")
    rows = list(SignedInBrowser.objects.filter(user_id=by.user_id or 0).order_by("-seen_at"))
    alive = [row for row in rows if _store(row.session_key).exists(row.session_key)]
    gone = [row.pk for row in rows if row not in alive]
    SignedInBrowser.objects.filter(pk__in=gone).delete()
    return alive


@transaction.atomic
def end(browser_id: int, *, by: Actor) -> None:
    """Sign one browser out."""
    by.require(may_change_own_settings, "sessions")
    row = SignedInBrowser.objects.filter(pk=browser_id, user_id=by.user_id or 0).first()
    if row is None:
        raise NotFound(_("There is no such session; it may have ended already."))
    _end(row)
    audit.record(by, "signed a browser out", in_words(row.agent), address=row.address)


@transaction.atomic
def end_others(*, by: Actor, but: str) -> int:
    """Sign all browsers out but the one with this session key; give how many."""
    by.require(may_change_own_settings, "sessions")
    others = SignedInBrowser.objects.filter(user_id=by.user_id or 0).exclude(session_key=but)
    count = 0
    for row in others:
        _end(row)
        count += 1
    audit.record(by, "signed other browsers out", str(count))
    return count


def is_fresh(request: HttpRequest) -> bool:
    """Whether the person showed within the last minutes that it is them."""
    confirmed = request.session.get(CONFIRMED, 0)
    return bool(confirmed > timezone.now().timestamp() - FRESH.total_seconds())


def note_confirmed(request: HttpRequest) -> None:
    request.session[CONFIRMED] = timezone.now().timestamp()


def _remember(request: HttpRequest, user: User, **_kwargs: object) -> None:
    """Write down a sign-in, and tell the person of one that looks unlike those before."""
    if request.session.session_key is None:
        request.session.create()
    agent, address = str(request.META.get("HTTP_USER_AGENT", ""))[:300], address_of(request)
    method = str(request.session.pop(METHOD, "password"))
    note_confirmed(request)
    SignedInBrowser.objects.update_or_create(
        session_key=request.session.session_key,
        defaults={
            "user": user,
            "agent": agent,
            "address": address,
            "method": method,
            "seen_at": timezone.now(),
        },
    )
    _noted[str(request.session.session_key)] = time.monotonic()
    if not hasattr(user, "owner"):
        return
    known = AuditEntry.objects.filter(user=user, action=SIGNED_IN)
    is_first, browser = not known.exists(), in_words(agent)
    is_known = known.filter(target=browser, details__address=address).exists()
    audit.record(actors.of_user(user), SIGNED_IN, browser, address=address, method=method)
    if not is_first and not is_known:
        notifications.tell(
            [user.pk],
            kind="security",
            title=lambda: _("New sign-in with %(browser)s") % {"browser": browser},
            body=lambda: (
                _("From %(address)s. If that was not you, sign it out and change your password.")
                % {"address": address or "?"}
            ),
            url="/security/",
        )


def _end(row: SignedInBrowser) -> None:
    _store(row.session_key).delete(row.session_key)
    row.delete()


def _store(key: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - whichever engine is set
    return import_module(settings.SESSION_ENGINE).SessionStore(key)


user_logged_in.connect(_remember, dispatch_uid="remember-browser")
