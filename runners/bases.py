"""What an environment brings: packages installed once, beside which each algorithm installs its own.

A base is an artefact like every other. An algorithm's own artefact holds only what the base lacks,
at versions that fit it, and Python finds both; so a gigabyte that many use lies there once.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from runners import artefacts, languages
from runners.errors import BuildFailed, PlatformFault
from runners.requirements_file import Requirements
from runners.resolution import Lock, Question
from runners.workshop import Workshop

KeepLock = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Base:
    """What is there before an algorithm asks for anything."""

    lock: Lock
    digest: str
    size_bytes: int

    @property
    def packages(self) -> tuple[str, ...]:
        return tuple(self.lock.packages)


def house_rules() -> str:
    """The operator's requirements file that narrows every build; empty if there is none."""
    path = settings.BUILD_CONSTRAINTS
    return Path(path).read_text() if path else ""


def ready(
    packages: tuple[str, ...], known: str, keep: KeepLock, folder: Path, shop: Workshop
) -> Generator[str, None, Base]:
    """Give the base of an environment, resolved by the first build and installed once on a host.

    `keep` is told a new lock and gives the one that holds, if another build was faster.
    """
    try:
        lock = Lock(known) if known else None
        if lock is None:
            yield f"Looking for what this environment brings: {', '.join(packages)}"
            found = yield from _question(packages, shop).resolve(shop)
            lock = Lock(keep(found.text))
        artefact = yield from artefacts.install(lock, folder, shop)
    except BuildFailed as error:
        raise PlatformFault(f"What this environment brings cannot be installed: {error}") from error
    count = len(lock.packages)
    done = "is there" if artefact.was_there else "was installed"
    yield f"What this environment brings {done}: {count} packages, {artefact.size_bytes >> 20} MB"
    return Base(lock, artefact.digest, artefact.size_bytes)


def explained(error: BuildFailed, packages: tuple[str, ...]) -> BuildFailed:
    """Say what the environment brings, where an author's requirements do not fit it."""
    return BuildFailed(
        f"{error} This environment brings {', '.join(packages)}: leave out what it has, or choose "
        "another environment."
    )


def _question(packages: tuple[str, ...], shop: Workshop) -> Question:
    names = frozenset(canonicalize_name(Requirement(line).name) for line in packages)
    return Question.ask(
        Requirements(lines=packages, names=names),
        language=languages.get(shop.runtime.runtime.language),
        constraints=house_rules(),
        base=shop.runtime.digest,
        may_use_sources=settings.BUILD_SOURCE_DISTRIBUTIONS,
    )
