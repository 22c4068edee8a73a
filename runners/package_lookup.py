"""Asks the builder's package index for the versions of a package that an environment can install.

pip does the asking: it knows every kind of index, and says of each file whether it fits.
"""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Final

from django.conf import settings
from django.core.cache import cache
from packaging.utils import canonicalize_name

from marketplace.lib.errors import BadInput, NotFound, Unavailable
from runners import package_index

SECONDS: Final = 20
_REMEMBERED_SECONDS: Final = 600
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
_PYTHON: Final = re.compile(r"3\.\d{1,2}")
_LISTED: Final = re.compile(r"(?m)^Available versions: (.+)$")
_AWAY: Final = re.compile(
    r"Retrying|Could not fetch|connection|timed out|Temporary failure|40[1378] |50\d ",
    re.IGNORECASE,
)


def versions_of(name: str, *, python: str) -> list[str]:
    """Every version that installs on this Python (`3.11`), newest first.

    NotFound if there is none; Unavailable, with the operator's share of it in words, if the
    index does not answer.
    """
    if not _NAME.fullmatch(name):
        raise BadInput(f"{name[:100]!r} cannot be the name of a package.")
    if not _PYTHON.fullmatch(python):
        raise BadInput("Packages can be looked up for Python only.")
    key = f"package:{python}:{canonicalize_name(name)}"
    known: list[str] | None = cache.get(key)
    if known is None:
        known = _ask(name, python)
        cache.set(key, known, _REMEMBERED_SECONDS)
    if not known:
        raise NotFound(
            f"The package index has no package {name} that installs on Python {python}; "
            "is the name right?"
        )
    return known


def _ask(name: str, python: str) -> list[str]:
    command = [sys.executable, "-m", "pip", "index", "versions", name]
    command += ["--python-version", python]
    command += [] if settings.BUILD_SOURCE_DISTRIBUTIONS else ["--only-binary", ":all:"]
    command += ["--retries", "0", "--timeout", "5", "--disable-pip-version-check"]
    index = package_index.discover()
    try:
        answer = subprocess.run(
            command,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent"}
            | index.variables(),
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise _away() from None
    listed = _LISTED.search(answer.stdout)
    if listed is not None:
        return listed[1].split(", ")
    if _AWAY.search(answer.stderr):
        raise _away()
    return []


def _away() -> Unavailable:
    return Unavailable(
        "The package index does not answer at the moment, so names and versions cannot be "
        "checked. Your requirements can be saved all the same: the next build checks them."
    )
