"""Is this the person? By name or e-mail and password, with a brake on guessing.

The brake counts wrong passwords in the database, so that it holds across processes: a few for
one account from one address, more for one account from everywhere and for one address. Only
the first locks out quickly, so that a stranger cannot keep a person from their account.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.hashers import make_password
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.accounts.models import FailedSignIn, User
from marketplace.lib.errors import NotAllowed, NotSignedIn, TooMany

WINDOW: Final = timedelta(minutes=15)
MOST_FOR_ACCOUNT_AND_ADDRESS: Final = 5
MOST_FOR_ACCOUNT: Final = 50
MOST_FOR_ADDRESS: Final = 50
_KEPT: Final = timedelta(days=1)


def check(login: str, password: str, *, address: str) -> User:
    """Give the person, or raise NotSignedIn, NotAllowed (suspended) or TooMany (guessed too often)."""
    refuse_guessing(login, address=address)
    user = _person(login)
    if not _is_right(user, password) or user is None:
        note_failure(login, address=address)
        raise NotSignedIn(_("The name or the password is not right."))
    refuse_guessing(login, address=address)  # of many that came at once, only the first count
    if not user.is_active or user.owner.is_suspended:
        raise NotAllowed(_("This account is suspended; write to the operator of the site."))
    FailedSignIn.objects.filter(login_digest=_digest(login), address=address).delete()
    return user


def _person(login: str) -> User | None:
    text = login.strip()
    if "\x00" in text:
        return None
    by_name = Q(username__iexact=text) | Q(email__iexact=text)
    return User.objects.filter(by_name, owner__isnull=False).select_related("owner").first()


def _is_right(user: User | None, password: str) -> bool:
    if user is None or not user.has_usable_password():
        make_password(password)  # takes as long as comparing does: nobody learns who exists
        return False
    return user.check_password(password)


def refuse_guessing(login: str, *, address: str) -> None:
    """Raise TooMany if there were too many wrong passwords lately."""
    now = timezone.now()
    lately = FailedSignIn.objects.filter(at__gt=now - WINDOW)
    of_account = lately.filter(login_digest=_digest(login))
    _refuse(of_account.filter(address=address), MOST_FOR_ACCOUNT_AND_ADDRESS, now)
    _refuse(of_account, MOST_FOR_ACCOUNT, now)
    _refuse(lately.filter(address=address), MOST_FOR_ADDRESS, now)


def _refuse(failures: QuerySet[FailedSignIn], most: int, now: datetime) -> None:
    """Wait until the oldest failure that fills the measure is out of the window."""
    filling = list(failures.order_by("-at").values_list("at", flat=True)[:most])
    if len(filling) < most:
        return
    seconds = int((filling[-1] + WINDOW - now).total_seconds()) + 1
    minutes = -(-seconds // 60)
    raise TooMany(
        ngettext(
            "Too many wrong passwords. Try again in %(minutes)s minute.",
            "Too many wrong passwords. Try again in %(minutes)s minutes.",
            minutes,
        )
        % {"minutes": minutes},
        retry_after=seconds,
    )


def note_failure(login: str, *, address: str) -> None:
    now = timezone.now()
    FailedSignIn.objects.filter(at__lt=now - _KEPT).delete()
    FailedSignIn.objects.create(at=now, login_digest=_digest(login), address=address[:45])


def _digest(login: str) -> str:
    return hashlib.sha256(login.strip().lower().encode(errors="replace")).hexdigest()
