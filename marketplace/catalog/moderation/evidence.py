"""What staff see of a version before they decide: its source, what its sandbox did, its permissions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet

from algorithms import build_logs, differences
from algorithms.differences import Difference
from algorithms.models import Build, Call, Version
from marketplace.accounts.actors import Actor
from marketplace.catalog.models import Case
from marketplace.catalog.moderation.rules import may_moderate
from marketplace.lib.errors import MarketplaceError
from runners.models import RefusedConnection

LOG_LENGTH: Final = 20_000
ERRORS: Final = 8
REFUSED: Final = 50
_PINNED: Final = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)
_NETWORK_WORDS: Final = re.compile(
    r"\b(urllib|requests|httpx|aiohttp|socket|ftplib|smtplib|paramiko|websocket|curl|wget|fetch)\b"
)


@dataclass(frozen=True)
class Package:
    """A dependency that differs from the version before."""

    name: str
    before: str
    now: str


@dataclass(frozen=True)
class Permission:
    name: str
    before: bool | None
    now: bool

    @property
    def is_wider(self) -> bool:
        return self.now and self.before is False


@dataclass(frozen=True)
class Evidence:
    """All of it, gathered."""

    version: Version
    previous: Version | None
    difference: Difference | None
    problem: str
    permissions: list[Permission]
    packages: list[Package]
    package_count: int
    log: str
    is_log_cut: bool
    calls: int
    failures: list[Call]
    network_words: list[str]
    refused: list[RefusedConnection]
    """Where its sandboxes wanted to go and were not let, the most often first."""


def of(case: Case, *, by: Actor) -> Evidence | None:
    """What speaks about the version of a case, or the newest one of its algorithm."""
    by.require(may_moderate, case)
    version = case.version
    if version is None and case.algorithm is not None and case.subject == Case.Subject.ALGORITHM:
        version = case.algorithm.versions.ever_public().newest_first().first()
    return None if version is None else _gathered(version)


def _gathered(version: Version) -> Evidence:
    older = version.algorithm.versions.ever_public().exclude(pk=version.pk)
    older = older.filter(created_at__lt=version.created_at)
    previous = older.select_related("build__dependencies").newest_first().first()
    difference, problem = _difference(version, previous)
    log = build_logs.whole(version.build_id)
    calls = Call.objects.filter(version=version)
    failures = calls.exclude(error_type="").order_by("-started_at")
    packages = _packages(version.build)
    before = _packages(previous.build) if previous else {}
    return Evidence(
        version=version,
        previous=previous,
        difference=difference,
        problem=problem,
        permissions=_permissions(version, previous),
        packages=_changed(before, packages),
        package_count=len(packages),
        log=log[-LOG_LENGTH:],
        is_log_cut=len(log) > LOG_LENGTH,
        calls=calls.count(),
        failures=list(failures[:ERRORS]),
        network_words=_network_words(difference),
        refused=list(_refused(version.build)),
    )


def _difference(version: Version, previous: Version | None) -> tuple[Difference | None, str]:
    since = previous.build.commit if previous else ""
    try:
        return differences.between(version.algorithm_id, since, version.build.commit), ""
    except MarketplaceError as error:
        return None, error.message


def _permissions(version: Version, previous: Version | None) -> list[Permission]:
    def has_internet(one: Version) -> bool:
        return one.network_access == "full"

    return [
        Permission("internet", has_internet(previous) if previous else None, has_internet(version)),
        Permission(
            "others", previous.may_call_others if previous else None, version.may_call_others
        ),
        Permission("shareable", previous.is_shareable if previous else None, version.is_shareable),
        Permission(
            "insights", previous.keeps_insights if previous else None, version.keeps_insights
        ),
    ]


def _refused(build: Build) -> QuerySet[RefusedConnection]:
    rows = RefusedConnection.objects.filter(source=build.source_digest).exclude(source="")
    return rows.order_by("-count", "host", "port")[:REFUSED]


def _packages(build: Build) -> dict[str, str]:
    lock = build.dependencies.lock if build.dependencies is not None else ""
    return {name.lower(): version for name, version in _PINNED.findall(lock)}


def _changed(before: dict[str, str], now: dict[str, str]) -> list[Package]:
    names = sorted(before.keys() | now.keys())
    return [
        Package(name, before.get(name, ""), now.get(name, ""))
        for name in names
        if before.get(name) != now.get(name)
    ]


def _network_words(difference: Difference | None) -> list[str]:
    """What in the added lines could reach a network; a hint where to read, not a proof."""
    if difference is None:
        return []
    added = (line.text for file in difference.files for line in file.lines if line.kind == "added")
    return sorted({word for text in added for word in _NETWORK_WORDS.findall(text)})
