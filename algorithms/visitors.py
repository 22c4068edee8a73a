"""People without an account, who may try what is free and public from its page.

A visitor is an actor who owns nothing: they call public versions without a royalty, a bounded
number of times a day for each address, and the algorithm acts for nobody's data.
"""

from __future__ import annotations

import hashlib
import ipaddress
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext as _

from algorithms.resolving import Target
from marketplace.accounts.actors import Actor
from marketplace.accounts.scopes import Scope
from marketplace.lib.errors import NotSignedIn

VISITOR: Final = Actor(name="visitor", scopes=frozenset({Scope.CALL}))
_DAY: Final = timedelta(days=1)


def admit(address: str) -> Actor:
    """Give the visitor's actor, or NotSignedIn if this address has had its runs of the day."""
    key = f"visitor:{payer(address)}"
    cache.add(key, 0, timeout=_DAY.total_seconds())
    if cache.incr(key) > settings.VISITOR_CALLS_PER_DAY:
        raise NotSignedIn(
            _(
                "You have made the %(visitor_calls_per_day)s runs a day that need no account. "
                "Sign up to go on: it is free."
            )
            % {"visitor_calls_per_day": settings.VISITOR_CALLS_PER_DAY}
        )
    return VISITOR


def left(address: str) -> int:
    """How many runs this address still has today without an account."""
    made: int = cache.get(f"visitor:{payer(address)}", 0)
    allowed: int = settings.VISITOR_CALLS_PER_DAY
    return max(0, allowed - made)


def check(target: Target) -> None:
    """Raise NotSignedIn for what visitors may not call: nobody could be charged for it."""
    if target.royalty_microcredits:
        raise NotSignedIn(
            _("%(path)s has a price for each call. Sign up to call it.") % {"path": target.path}
        )


def payer(address: str) -> str:
    """Whose sandbox a visitor's calls go to: one for each network, told without its address."""
    return (
        "visitor-"
        + hashlib.sha256((settings.SECRET_KEY + _network(address)).encode()).hexdigest()[:16]
    )


def _network(address: str) -> str:
    """One household of IPv6 has 2**64 addresses, which are still one visitor."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)
