"""The source of a version as a page shows it: its files, and one of them with colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from algorithms import repositories
from algorithms.models import Build, Version
from marketplace.catalog import colouring
from marketplace.lib.errors import NotFound
from runners import contracts

LARGEST: Final = 400_000


@dataclass(frozen=True)
class ShownFile:
    path: str
    size: int
    html: SafeString | None
    """Nothing for what is not text, or too long to be read."""


def files(version: Version) -> list[repositories.File]:
    build = version.build
    return [one for one in repositories.tree(build.algorithm_id, build.commit) if one.is_plain]


def file(version: Version, path: str) -> ShownFile | None:
    """One file; the one where its code begins if none is named."""
    build = version.build
    known = {one.path: one for one in files(version)}
    wanted = path or entrance_file(build)
    if wanted not in known:
        if path:
            raise NotFound(
                _("Version %(number)s has no file %(path)s.")
                % {"number": version.number, "path": path[:100]}
            )
        wanted = next(iter(known), "")
    if not wanted:
        return None
    content = repositories.read(build.algorithm_id, build.commit, wanted)
    return ShownFile(wanted, len(content), _coloured(wanted, content))


def entrance_file(build: Build) -> str:
    """Where its code begins: the file with `apply`, or the one that says what is started."""
    return contracts.file_of(build.module)


def _coloured(path: str, content: bytes) -> SafeString | None:
    if len(content) > LARGEST or b"\0" in content:
        return None
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    made = colouring.in_file(text, path) or escape(text)
    return mark_safe(made)  # noqa: S308 - Pygments escapes what it colours
