"""Packages as of a day: the remedy for code whose dependencies have moved on without it.

What a requirements file leaves open is filled with the newest releases, and years later these may
not fit the code any more. One line in that file, `# as of 2017-04-30`, fills it with the releases
of that day; every other installer takes the line for a comment.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _

from algorithms import authoring, builds, repositories
from algorithms.models import Algorithm, Build
from algorithms.permissions import may_edit
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import BadInput, NotFound
from runners import package_dates, requirements_file
from runners.specs import Outcome

OLD: Final = timedelta(days=365)
"""Pins younger than this fit the packages of today, most likely."""

LATER: Final = timedelta(days=30)
EARLIEST: Final = date(2010, 1, 1)
_LOCKED: Final = re.compile(r"(?m)^[A-Za-z0-9][^\s;\\]*==")
_RAISED: Final = re.compile(r"(?m)^((?:\w+\.)*\w*(?:Error|Exception)(?:: .*)?)$")
_COMMENT: Final = re.compile(r"(^|\s)#.*$")


def offered(build: Build) -> date | None:
    """A day whose packages fit what the build pins, if that is old and leaves others open.

    A month after the newest of the pins appeared: whoever wrote them down had what was new then.
    """
    text = _text(build.algorithm, build.commit)
    if requirements_file.is_dated(text) or not _left_open(build):
        return None
    newest = package_dates.newest(_lines(text), python=_minor(build))
    if newest is None or newest + OLD > timezone.now().date():
        return None
    return newest + LATER


class SampleFailed(BadInput):
    """The sample input does not work; `day` is offered where its packages may be the reason."""

    def __init__(self, message: str, *, day: date | None) -> None:
        super().__init__(message)
        self.day = day


def sample_failed(build: Build, outcome: Outcome) -> SampleFailed:
    """Say why nothing was published: what the code said, and what may have led to that."""
    failure = outcome.failure
    said = failure.message if failure is not None else ""
    raised = _RAISED.findall(outcome.stdout.decode(errors="replace"))
    words = [said, *([raised[-1]] if raised and raised[-1] not in said else [])]
    message = _("The sample input does not work, so nothing was published: %(message)s") % {
        "message": " ".join(f"{word.rstrip('.')}." for word in words)
    }
    day = offered(build)
    if day is not None:
        message = f"{message} {explained(build, day)}"
    return SampleFailed(message, day=day)


def explained(build: Build, day: date) -> str:
    """Why a build may not work although it succeeded, and what would help."""
    return _(
        "Its requirements are from %(year)s and leave %(open)s of its %(all)s packages open: those "
        "are the newest of today, and may not fit code of that time. The line “# as of %(day)s” in "
        "requirements.txt installs the packages of that day."
    ) % {
        "year": day.year,
        "open": _left_open(build),
        "all": len(_locked(build)),
        "day": day.isoformat(),
    }


def install(algorithm: Algorithm, *, by: Actor, day: date) -> Build:
    """Ask for the packages of that day in requirements.txt, and build."""
    by.require(may_edit, algorithm)
    if not EARLIEST <= day <= timezone.now().date():
        raise BadInput(
            _("Packages can be installed as of a day from %(earliest)s to today.")
            % {"earliest": EARLIEST.isoformat()}
        )
    head = repositories.head(algorithm.pk)
    text = requirements_file.dated(_text(algorithm, head), day)
    commit = authoring.save_files(
        algorithm,
        by=by,
        changes={requirements_file.NAME: text.encode()},
        message=f"Install packages as of {day.isoformat()}",
        parent=head,
    )
    return builds.start(algorithm, by=by, commit=commit)


def _text(algorithm: Algorithm, commit: str) -> str:
    try:
        content = repositories.read(algorithm.pk, commit, requirements_file.NAME)
    except NotFound:
        return ""
    return content.decode(errors="replace")


def _lines(text: str) -> list[str]:
    found = (_COMMENT.sub("", line).strip() for line in text.splitlines())
    return [line for line in found if line and not line.startswith("-")]


def _left_open(build: Build) -> int:
    """How many of the installed packages the requirements do not pin."""
    lines = _lines(_text(build.algorithm, build.commit))
    pinned = sum("==" in line for line in lines)
    return max(0, len(_locked(build)) - pinned) if pinned else 0


def _locked(build: Build) -> list[str]:
    return _LOCKED.findall(build.dependencies.lock) if build.dependencies else []


def _minor(build: Build) -> str:
    return ".".join(build.environment.version.split(".")[:2])
