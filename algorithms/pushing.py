"""A push by git: who may, what it may not do, the builds it starts, and how they go.

What a push may not do is checked by a program that `git` runs before it takes anything over
(hooks/check_push.py), because only there can the pushed objects be looked at.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from algorithms import build_logs, builds, git, publishing, repositories
from algorithms.gates import verdict
from algorithms.models import Algorithm, Build, Evaluation, Gate, Version
from algorithms.permissions import may_build, may_edit, may_fetch, may_publish
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import MarketplaceError

FETCH: Final = "git-upload-pack"
PUSH: Final = "git-receive-pack"
SERVICES: Final = (FETCH, PUSH)

_HOOKS: Final = Path(__file__).resolve().parent / "hooks"
_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Look:
    """What there is to tell about a build since one looked last."""

    text: str
    offset: int
    has_ended: bool
    is_good: bool = False
    error: str = ""


def check(algorithm: Algorithm, service: str, *, by: Actor) -> Path:
    """Give the repository to those who may fetch from it or push to it."""
    by.require(may_edit if service == PUSH else may_fetch, algorithm)
    repository = repositories.existing(algorithm.pk)
    if service == PUSH:
        repositories.require_room(repository)
    return repository


@contextlib.contextmanager
def served(
    repository: Path,
    service: str,
    *,
    rules: Mapping[str, object] | None = None,
    is_advertisement: bool = False,
) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Give the command that does the work, and its environment, while its rules lie ready."""
    name = service.removeprefix("git-")
    if service == FETCH or is_advertisement:
        command = git.service(name, repository, is_advertisement=is_advertisement)
        yield command, git.service_environment()
        return
    options = (
        f"core.hooksPath={_HOOKS}",
        f"receive.maxInputSize={settings.GIT_PUSH_MB * _MIB}",
    )
    with tempfile.NamedTemporaryFile("w", prefix="push-", suffix=".json") as file:
        json.dump(rules, file)
        file.flush()
        environment = git.service_environment(PUSH_PYTHON=sys.executable, PUSH_RULES=file.name)
        yield git.service(name, repository, is_advertisement=False, options=options), environment


def rules(algorithm: Algorithm) -> dict[str, object]:
    """What the program that checks a push must know (the names are its own)."""
    rows = Version.objects.filter(algorithm=algorithm).select_related("build")
    return {
        "kept_branches": repositories.BRANCHES,
        "kept_commits": {version.build.commit: str(version.number) for version in rows},
        "max_file_bytes": repositories.MAX_FILE_BYTES,
    }


def start_builds(
    algorithm: Algorithm, moved: Mapping[str, str], *, by: Actor
) -> list[tuple[str, Build | str]]:
    """Build what branches that count have been moved to; instead of a build, why there is none.

    The push itself has been taken over by then, so what a build refuses is told, not raised.
    """
    by.require(may_build, algorithm)
    started: list[tuple[str, Build | str]] = []
    for branch in repositories.BRANCHES:
        commit = moved.get(f"refs/heads/{branch}")
        if commit is None:
            continue
        try:
            started.append((commit, builds.start_or_join(algorithm, by=by, commit=commit)))
        except MarketplaceError as error:
            started.append((commit, f"Your push was kept, but it is not being built: {error}"))
    return started


def published(algorithm: Algorithm, *, by: Actor) -> str:
    """Publish the newest build if the gate does so by itself; say how it did, or nothing at all."""
    by.require(may_publish, algorithm)
    if not Gate.objects.filter(algorithm=algorithm, publishes_pushes=True).exists():
        return ""
    try:
        version = publishing.publish(algorithm, by=by)
    except MarketplaceError as error:
        return _printable(f"not published: {error}")
    evaluation = Evaluation.objects.select_related("champion").filter(version=version).first()
    report = " ".join(verdict.report(evaluation)) if evaluation is not None else ""
    return _printable(f"published as algo://{version}. {report}")


def look(build_id: UUID, offset: int) -> Look:
    """The state first, so that no last words can come between it and the text."""
    row = Build.objects.filter(pk=build_id).values_list("state", "error").first()
    state, error = row or (Build.State.CANCELLED, "The build was removed.")
    text, end = build_logs.read(build_id, after=offset)
    has_ended = state in Build.ENDED and not text
    return Look(_printable(text), end, has_ended, state == Build.State.SUCCEEDED, _printable(error))


def address(algorithm: Algorithm, build: Build) -> str:
    """Where a browser shows the build."""
    place = {"owner": algorithm.owner.name, "name": algorithm.name, "build_id": build.pk}
    return f"{settings.SITE_URL}{reverse('algorithms:build', kwargs=place)}"


def _printable(text: str) -> str:
    """What a stranger's terminal may be given: no control characters but the usual two."""
    return "".join(
        character
        for character in text
        if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf")
    )
