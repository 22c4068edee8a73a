"""The origin of a web app: one host name for each version, never the site's own.

    owner--name.DOMAIN             the newest version for everyone
    1-2-3--owner--name.DOMAIN      that version
    id--<32 digits>.DOMAIN         by the algorithm's UUID, where a name does not fit in a label

A page of an app can do to its origin what it likes: read what is stored there, run scripts, send
forms. So no two apps, no two versions of one, and nothing else of the site may share one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

LATEST: Final = ""
_OWN: Final = "localhost"
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_LONGEST_LABEL: Final = 63
_BY_ID: Final = "id"
_NAME: Final = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
_VERSION: Final = r"(?:(?P<version>\d{1,9}-\d{1,9}-\d{1,9})--)?"
_LABEL: Final = re.compile(
    rf"{_VERSION}(?:id--(?P<id>[0-9a-f]{{32}})|(?P<owner>{_NAME})--(?P<name>{_NAME}))\Z"
)
_PLAIN: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """Which app an origin belongs to, in the words of `resolving.resolve`."""

    owner: str
    name: str  # empty where `owner` is the algorithm's UUID
    version: str  # 1.2.3, a commit, or empty for the newest


def domain() -> str:
    """What the names of apps end with, perhaps a port too; empty if this site passes nothing on."""
    return _domain(settings.WEB_ORIGIN_DOMAIN, settings.SITE_URL)


@cache
def _domain(said: str, site_url: str) -> str:
    site = urlsplit(site_url)
    host = site.hostname or ""
    if not said:
        # browsers find *.localhost on their own machine, and keep its names apart
        return f"{_OWN}:{site.port or 80}" if host in _LOOPBACK else ""
    found = said.partition(":")[0].lower().strip(".")
    if found != _OWN and (_is_under(host, found) or _is_under(found, host)):
        raise ImproperlyConfigured(
            f"WEB_ORIGIN_DOMAIN is {found}, which shares cookies with this site at {host}: take a "
            "domain that is no part of the site's, and that the site is no part of."
        )
    return said.lower().strip(".")


def _is_under(host: str, parent: str) -> bool:
    return host == parent or host.endswith(f".{parent}")


@cache
def _suffix(whole: str) -> str:
    return "." + whole.partition(":")[0]


def is_of_an_app(host: str) -> bool:
    """Whether a Host or the host of an Origin is one where pages of authors live."""
    whole = domain()
    return bool(whole) and host.partition(":")[0].lower().endswith(_suffix(whole))


def place_at(host: str) -> Place | None:
    """Which app that host name means; None if it can be none."""
    label = host.partition(":")[0].lower().removesuffix(_suffix(domain()))
    found = _LABEL.match(label)
    if found is None:
        return None
    version = (found["version"] or "").replace("-", ".")
    if found["id"]:
        return Place(str(UUID(found["id"])), "", version)
    return Place(found["owner"].replace("-", "_"), found["name"].replace("-", "_"), version)


def origin_of(algorithm_id: UUID, owner: str, name: str, version: str = LATEST) -> str:
    """`https://owner--name.DOMAIN`; empty if this site passes nothing on."""
    label = _label(algorithm_id, owner, name, version)
    if not domain() or len(label) > _LONGEST_LABEL:
        return ""
    return f"{urlsplit(settings.SITE_URL).scheme}://{label}.{domain()}"


def _label(algorithm_id: UUID, owner: str, name: str, version: str) -> str:
    prefix = f"{version.replace('.', '-')}--" if version else ""
    words = f"{owner}--{name}".lower().replace("_", "-")
    fits = len(prefix) + len(words) <= _LONGEST_LABEL
    if fits and _PLAIN.match(owner) and _PLAIN.match(name):
        return prefix + words
    return f"{prefix}{_BY_ID}--{algorithm_id.hex}"
