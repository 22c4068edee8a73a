"""Asks the builder's npm registry for the versions of a package; npm does the asking."""

from __future__ import annotations

import json
import subprocess
import tempfile
from typing import Final

from django.core.cache import cache

from marketplace.lib.errors import BadInput, NotFound, Unavailable
from runners import npm_registry, package_json

SECONDS: Final = 30
_REMEMBERED_SECONDS: Final = 600


def versions_of(name: str) -> list[str]:
    """Every released version, newest first; what is only tried out (`1.0.0-beta`) last."""
    if not package_json.is_name(name):
        raise BadInput(f"{name[:100]!r} cannot be the name of a package.")
    key = f"npm:{name}"
    known: list[str] | None = cache.get(key)
    if known is None:
        known = _ask(name)
        cache.set(key, known, _REMEMBERED_SECONDS)
    if not known:
        raise NotFound(f"The package index has no package {name}; is the name right?")
    return known


def _ask(name: str) -> list[str]:
    npm = npm_registry.program()
    if not npm:
        raise _away()
    with tempfile.TemporaryDirectory(prefix="npm-") as folder:
        variables = {"PATH": "/usr/bin:/bin", "HOME": folder, "npm_config_cache": folder}
        try:
            answer = subprocess.run(
                [*npm, "view", "--json", "--", name, "versions"],
                env=variables | npm_registry.discover().variables(),
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
                timeout=SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired):
            raise _away() from None
    try:
        said = json.loads(answer.stdout or "null")
    except ValueError:
        raise _away() from None
    if isinstance(said, dict):
        error = said.get("error")
        if isinstance(error, dict) and error.get("code") == "E404":
            return []
        raise _away()
    newest_first = ([said] if isinstance(said, str) else said or [])[::-1]
    return sorted(newest_first, key=lambda version: "-" in version)


def _away() -> Unavailable:
    return Unavailable(
        "The package index does not answer at the moment, so names and versions cannot be "
        "checked. Your package.json can be saved all the same: the next build checks it."
    )
