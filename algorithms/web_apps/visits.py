"""Who looks at an app with a browser: let in on the site, known on the app's origin afterwards.

The app's origin never sees the site's session. A browser that comes there without a visit is sent
to the site with a word that only it knows (the *state*, a cookie of that origin). On the site the
person says yes, and how much the visit may cost; the site gives a code that is good once, for a
minute, on that origin and in that browser. The origin takes it for a cookie of its own. A visit
ends with the sign-in it was begun with.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.core.cache import cache
from django.utils.translation import gettext as _

from billing.pricing import Price
from marketplace.accounts.actors import Actor
from marketplace.accounts.scopes import Scope
from marketplace.api import sessions
from marketplace.lib import tokens
from marketplace.lib.errors import NotAllowed, NotSignedIn, PaymentRequired

CODE_SECONDS: Final = 60
VISIT_SECONDS: Final = 8 * 3600
_PARTS: Final = 4
_LEAST_SECONDS: Final = 10.0
"""A part of what a visit may cost is enough for so long, if so much is left."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One browser at one app, and the sign-in that stands behind it."""

    digest: str
    session_key: str


def may_open_an_app(actor: Actor, _host: str) -> bool:
    return actor.has(Scope.CALL) and not actor.is_anonymous and actor.running is None


def allow(host: str, *, by: Actor, session_key: str, state: str, budget: int) -> str:
    """Give a code for the browser that knows the state; `budget` is in micro-units."""
    by.require(may_open_an_app, host)
    if not session_key:
        raise NotSignedIn(_("Sign in to open an app."))
    code = secrets.token_urlsafe(32)
    said = {"host": host, "state": tokens.digest(state), "session": session_key, "budget": budget}
    cache.set(_key("code", tokens.digest(code)), said, CODE_SECONDS)
    return code


def begin(code: str, *, host: str, state: str) -> str:
    """Take a code for the token of a visit; NotAllowed if it is not for here, or was taken."""
    place = _key("code", tokens.digest(code))
    said: Mapping[str, Any] | None = cache.get(place)
    is_ours = (
        said is not None
        and said["host"] == host
        and bool(state)
        and hmac.compare_digest(said["state"], tokens.digest(state))
        and cache.delete(place)  # of two who come at once, one
    )
    if said is None or not is_ours:
        raise NotAllowed(
            _("This way in was used already, is too old, or was made for another browser.")
        )
    token = secrets.token_urlsafe(32)
    digest = tokens.digest(token)
    cache.set(_key("left", digest), said["budget"], VISIT_SECONDS)
    record = {"host": host, "session": said["session"]}
    cache.set(_key("visit", digest), record, VISIT_SECONDS)
    return token


def find(token: str, *, host: str) -> Visit | None:
    """The visit that this token stands for, on that origin and no other."""
    digest = tokens.digest(token)
    record: Mapping[str, str] | None = cache.get(_key("visit", digest)) if token else None
    if record is None or record["host"] != host:
        return None
    return Visit(digest, record["session"])


def actor_of(visit: Visit) -> Actor:
    """The person; nobody any more if they have signed out, or may not come in."""
    return sessions.actor_of(visit.session_key)


def reserve(visit: Visit, price: Price, seconds: float, *, is_shared: bool) -> int:
    """Take what a request may cost out of what the visit may; PaymentRequired if that is too little.

    Requests that come together cannot spend the same money. One that `is_shared` with the
    algorithms that the app calls gets the part for all of them.
    """
    if price.is_free and not is_shared:
        return 0
    place = _key("left", visit.digest)
    while (left := cache.get(place) or 0) >= max(price.least, 1):
        wanted = part_of(left, price) if is_shared else min(price.ceiling(seconds), left)
        if _take(place, wanted):
            return wanted
    raise PaymentRequired(
        _(
            "What you allowed this visit to cost is used up. Nothing was charged for this "
            "request. Open the app again from its page to go on."
        )
    )


def part_of(left: int, price: Price) -> int:
    """What one request and all that it calls may cost: a quarter, so that others go on meanwhile."""
    return max(min(price.ceiling(_LEAST_SECONDS), left), -(-left // _PARTS))


def give_back(visit: Visit, amount: int) -> None:
    """Return what was reserved and not spent."""
    if amount > 0:
        _add(_key("left", visit.digest), amount)


def end(visit: Visit) -> None:
    cache.delete_many([_key("visit", visit.digest), _key("left", visit.digest)])


def _take(place: str, amount: int) -> bool:
    if _add(place, -amount) >= 0:
        return True
    _add(place, amount)
    return False


def _add(place: str, amount: int) -> int:
    try:
        return cache.incr(place, amount)
    except ValueError:  # the visit has ended meanwhile
        return -1


def _key(kind: str, digest: str) -> str:
    return f"web-app-{kind}:{digest}"
