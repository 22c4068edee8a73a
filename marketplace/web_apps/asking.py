"""What a request to an app's origin says, and whether the page that sent it may use a visit.

A visit is a cookie, and a browser sends cookies for any page that asks it to. So a visit counts
only for requests of the app's own pages, and for pages that a person goes to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

from django.conf import settings

from algorithms import gateway
from algorithms.web_apps import addresses, headers
from algorithms.web_apps.addresses import Place
from algorithms.web_apps.exchange import MIB, MOST_SENT
from algorithms.web_apps.headers import Headers
from marketplace.lib.errors import BadInput, NotAllowed, NotFound, TooLarge
from marketplace.lib.money import parse_dollars
from runners.relay import Scope

OWN: Final = "/.agorithm/"
"""Paths of an app's origin that are ours."""

_READING: Final = ("GET", "HEAD")
_METHODS: Final = re.compile(r"[A-Z]{1,20}\Z")
_NEXT: Final = re.compile(r"/[!-~]{0,2000}\Z")
_NOT_PASSED: Final = ("CONNECT", "TRACE")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request at an app's origin."""

    method: str
    path: str
    target: bytes
    query: str
    headers: Headers
    host: str  # with its port, as the browser knows it
    place: Place
    address: str

    def header(self, name: bytes) -> str:
        found = (value for known, value in self.headers if known == name)
        return next(found, b"").decode("latin-1")

    @property
    def scheme(self) -> str:
        return str(urlsplit(settings.SITE_URL).scheme)

    @property
    def is_secure(self) -> bool:
        return self.scheme == "https"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.host}"

    def cookie(self, name: str) -> str:
        found = headers.cookies_of(self.headers).get(self.cookie_name(name).encode(), b"")
        return found.decode("latin-1")

    def cookie_name(self, name: str) -> str:
        """With the prefix by which browsers keep other hosts from setting it."""
        return f"__Host-{name}" if self.is_secure else name

    def said(self, name: str) -> str:
        """A parameter of the query."""
        return parse_qs(self.query).get(name, [""])[-1]

    @property
    def length(self) -> int | None:
        text = self.header(b"content-length")
        return int(text) if text.isdigit() else None

    @property
    def max_cost(self) -> int | None:
        """What a program says that its request may cost, in micro-units; raises BadInput."""
        text = self.header(b"max-cost")
        return parse_dollars(text, what="Max-Cost") if text else None

    @property
    def tag(self) -> str:
        return self.header(b"usage-tag")[: gateway.LONGEST_TAG]

    @property
    def has_body(self) -> bool:
        return self.length is not None or bool(self.header(b"transfer-encoding"))

    @property
    def is_visit_of_a_page(self) -> bool:
        """Whether a person goes there with a browser, which can be sent elsewhere."""
        mode = self.header(b"sec-fetch-mode")
        wants_page = "text/html" in self.header(b"accept")
        return self.method in _READING and wants_page and mode in ("", "navigate")

    @property
    def onward(self) -> str:
        """Path and query, to come back to."""
        return safe_next(self.target.decode("latin-1"))


def safe_next(text: str) -> str:
    return text if _NEXT.match(text) and not text.startswith(OWN) else "/"


def read(scope: Scope) -> Asked:
    """Raises BadInput, NotFound or TooLarge."""
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    host = hosts[0].decode("latin-1").lower()
    place = addresses.place_at(host)
    if len(hosts) != 1:
        raise BadInput("A request names one host.")
    if place is None:
        raise NotFound("There is no app at this address.")
    if scope["method"] in _NOT_PASSED or not _METHODS.match(scope["method"]):
        raise BadInput(f"{scope['method'][:20]} is not passed on to apps.")
    query = scope["query_string"]
    target = scope.get("raw_path") or scope["path"].encode()
    client = scope.get("client")
    asked = Asked(
        method=scope["method"],
        path=scope["path"],
        target=target + (b"?" + query if query else b""),
        query=query.decode("latin-1"),
        headers=list(scope["headers"]),
        host=host,
        place=place,
        address=client[0] if client else "",
    )
    if (asked.length or 0) > MOST_SENT:
        raise TooLarge(f"A request may have {MOST_SENT // MIB} MiB at most. Nothing was charged.")
    return asked


def check_page(asked: Asked) -> None:
    """Raise NotAllowed if a page of another origin makes the browser send this."""
    site = asked.header(b"sec-fetch-site")
    if site in ("same-origin", "none"):
        return
    if site:
        mode, dest = asked.header(b"sec-fetch-mode"), asked.header(b"sec-fetch-dest")
        if asked.method in _READING and mode == "navigate" and dest == "document":
            return
    else:
        origin = asked.header(b"origin")
        if origin == asked.origin or (not origin and asked.method in _READING):
            return
    raise NotAllowed(
        "Another page's request cannot use your visit to this app. Nothing was charged."
    )
