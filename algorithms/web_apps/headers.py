"""What of a request's headers an app gets to see, and what of its own a browser.

Nothing that is between a person and this site goes in: no key, no session. Nothing comes out that
reaches beyond the app's own origin: no cookie for other hosts, no word about other sites.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

Headers = list[tuple[bytes, bytes]]

OUR_COOKIES: Final = (b"agorithm_visit", b"agorithm_opening")
_HOST_ONLY: Final = b"__host-"
_HOP_BY_HOP: Final = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization",
        b"proxy-connection", b"te", b"trailer", b"trailers", b"transfer-encoding", b"upgrade",
        b"http2-settings",
    }
)  # fmt: skip
_NOT_FOR_APPS: Final = _HOP_BY_HOP | {
    b"authorization", b"cookie", b"host", b"content-length", b"expect", b"forwarded", b"via",
    b"x-real-ip", b"x-client-ip", b"x-request-id", b"x-original-url", b"x-rewrite-url",
    b"true-client-ip", b"cf-connecting-ip", b"max-cost", b"usage-tag",
}  # fmt: skip
_NOT_FOR_BROWSERS: Final = _HOP_BY_HOP | {
    b"alt-svc", b"clear-site-data", b"strict-transport-security", b"public-key-pins",
    b"public-key-pins-report-only", b"nel", b"report-to", b"reporting-endpoints", b"x-request-id",
    b"set-cookie2",
}  # fmt: skip
_NAME: Final = re.compile(rb"[!#$%&'*+.^`|~0-9a-z-]+\Z")
"""A header's, without the underscore, which many servers take for a hyphen."""

_LOCAL: Final = re.compile(r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0)(?::\d+)?(?=[/?#]|\Z)")


def _named_by_connection(headers: Iterable[tuple[bytes, bytes]]) -> set[bytes]:
    listed = [value for name, value in headers if name.lower() == b"connection"]
    return {word.strip().lower() for value in listed for word in value.split(b",")}


def for_app(headers: Headers, *, host: str, scheme: str, address: str, request_id: str) -> Headers:
    """The headers of a request as the app gets them."""
    dropped = _NOT_FOR_APPS | _named_by_connection(headers)
    kept = [
        (name, value)
        for name, value in headers
        if name not in dropped and _NAME.match(name) and not name.startswith(b"x-forwarded-")
    ]
    cookies = _cookies_of_app(headers)
    return [
        (b"host", host.encode()),
        *kept,
        *([(b"cookie", cookies)] if cookies else []),
        (b"x-forwarded-for", address.encode()),
        (b"x-forwarded-host", host.encode()),
        (b"x-forwarded-proto", scheme.encode()),
        (b"x-request-id", request_id.encode()),
        (b"connection", b"close"),
    ]


def cookies_of(headers: Headers) -> dict[bytes, bytes]:
    """The cookies of a request by name, the first of each."""
    found: dict[bytes, bytes] = {}
    for name, value in _pairs(headers):
        found.setdefault(name, value)
    return found


def _cookies_of_app(headers: Headers) -> bytes:
    own = [name + b"=" + value for name, value in _pairs(headers) if not _is_ours(name)]
    return b"; ".join(own)


def _pairs(headers: Headers) -> Iterable[tuple[bytes, bytes]]:
    for header, line in headers:
        if header == b"cookie":
            for part in line.split(b";"):
                name, separator, value = part.strip().partition(b"=")
                if separator:
                    yield name.strip(), value.strip()


def _is_ours(name: bytes) -> bool:
    return name.strip().lower().removeprefix(_HOST_ONLY) in OUR_COOKIES


def for_browser(headers: Headers, *, origin: str) -> Headers:
    """The headers of an answer as the browser gets them; `origin` is the app's."""
    dropped = _NOT_FOR_BROWSERS | _named_by_connection(headers)
    kept: Headers = []
    for name, value in headers:
        lower = name.lower()
        if lower in dropped:
            continue
        if lower == b"set-cookie":
            cookie = own_cookie(value)
            kept += [(lower, cookie)] if cookie else []
        elif lower in (b"location", b"content-location"):
            kept.append((lower, own_place(value, origin)))
        else:
            kept.append((lower, value))
    return kept


def own_cookie(line: bytes) -> bytes:
    """A cookie for the app's host and no other; nothing if it bears a name of ours."""
    pair, *attributes = line.split(b";")
    if _is_ours(pair.partition(b"=")[0]):
        return b""
    kept = [part for part in attributes if part.partition(b"=")[0].strip().lower() != b"domain"]
    return b";".join([pair, *kept])


def own_place(value: bytes, origin: str) -> bytes:
    """Where an answer leads: what the app takes for its own address is its origin out here."""
    place = value.decode("latin-1")
    host = urlsplit(origin).netloc
    if found := _LOCAL.match(place):
        return (origin + place[found.end() :]).encode("latin-1")
    for scheme in ("http", "https"):
        start = f"{scheme}://{host}"
        if place.startswith(start) and place[len(start) : len(start) + 1] in ("", "/", "?", "#"):
            return (origin + place[len(start) :]).encode("latin-1")
    return value
