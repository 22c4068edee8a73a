"""Who a browser's cookies say is asking, outside of Django's request stack.

Calls from our own pages carry the session cookie. A page of another site could make a browser
send that cookie too, so it counts only if the browser says the request comes from our origin.
"""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from marketplace.accounts import actors
from marketplace.accounts.actors import ANONYMOUS, Actor
from marketplace.lib.errors import NotAllowed


def is_own_page(origin: str, site: str, host: str) -> bool:
    """Whether the browser says that a page of ours sent the request."""
    if site:
        return site == "same-origin"
    return bool(origin) and urlsplit(origin).netloc == host


def actor_of_cookies(cookie_header: str, *, origin: str, site: str, host: str) -> Actor:
    """The person signed in, or nobody; NotAllowed if another site's page sent the cookie."""
    key = _session_key(cookie_header)
    if not key:
        return ANONYMOUS
    actor = actor_of(key)
    if not actor.is_anonymous and not is_own_page(origin, site, host):
        raise NotAllowed("A session counts only for requests from this site's own pages.")
    return actor


def actor_of(session_key: str) -> Actor:
    """The person who is signed in with that session, or nobody."""
    return actors.of_session(_user(session_key)) if session_key else ANONYMOUS


def _session_key(cookie_header: str) -> str:
    try:
        cookie = SimpleCookie(cookie_header).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return ""
    return cookie.value if cookie is not None else ""


def _user(session_key: str) -> object:
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    return get_user(request)
