"""What the pages of an algorithm show, gathered before a template sees it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from algorithms import operations
from algorithms.models import Algorithm, AlgorithmImage, Version
from algorithms.permissions import may_call_unpublished, may_edit, may_view_source
from algorithms.resolving import find
from algorithms.web_apps import addresses
from marketplace.accounts.actors import Actor
from marketplace.catalog import facts, tabs, vitals
from marketplace.catalog.facts import Fact
from marketplace.catalog.tabs import Link
from marketplace.catalog.vitals import Vitals
from marketplace.lib.errors import NotFound
from marketplace.lib.semver import SemVer
from runners import contracts


@dataclass(frozen=True)
class Card:
    """One algorithm in a list."""

    algorithm: Algorithm
    version: Version | None
    facts: list[Fact]
    vitals: Vitals


@dataclass(frozen=True)
class AlgorithmPage:
    """One algorithm on its own page, at the version the visitor chose."""

    algorithm: Algorithm
    version: Version | None
    versions: list[Version]
    facts: list[Fact]
    vitals: Vitals
    may_edit: bool
    may_see_source: bool
    tabs: list[Link]
    operation: str = ""
    """The one that is looked at, where it is not the usual one."""

    @property
    def path(self) -> str:
        """owner/name/version, as a caller writes it, and the operation if there are several."""
        if self.version is None:
            return str(self.algorithm)
        path = f"{self.algorithm}/{self.version.number}"
        return f"{path}/{self.operation}" if self.operation else path

    @property
    def app_url(self) -> str:
        """Where the pages of a web app open; empty if the version has none."""
        version = self.version
        if version is None or not contracts.get(version.build.contract or "apply").has_pages:
            return ""
        owner, number = self.algorithm.owner.name, "" if version == self.latest else version.number
        return addresses.origin_of(self.algorithm.pk, owner, self.algorithm.name, str(number))

    @property
    def operations(self) -> list[dict[str, Any]]:
        """What can be asked of the version, if it is more than one thing."""
        build = self.version.build if self.version else None
        if build is None or build.contract != operations.CONTRACT:
            return []
        return list(build.interface.get("operations", []))

    @property
    def input_schema(self) -> dict[str, Any] | None:
        if self.version is None:
            return None
        chosen = next((one for one in self.operations if one["name"] == self.operation), None)
        known: dict[str, Any] | None = chosen["input"] if chosen else self.version.input_schema
        return known

    @property
    def sample_input(self) -> str:
        if self.operation:
            return indented(json.dumps(_blank(self.input_schema or {})))
        text = self.version.sample_input if self.version else ""
        return indented(text or self.algorithm.sample_input)

    @property
    def sample_output(self) -> str:
        if self.version is None or self.operation:  # recorded is that of the usual one
            return ""
        return indented(self.version.sample_output)

    @property
    def images(self) -> list[AlgorithmImage]:
        """The author's pictures, without their bytes."""
        return list(self.algorithm.images.defer("content", "thumbnail"))

    @property
    def latest(self) -> Version | None:
        """What is offered to everybody, where an older or a withdrawn version is looked at."""
        offered = (one for one in self.versions if one.is_public and not one.is_yanked)
        return next(offered, None)


def cards(algorithm_ids: Iterable[UUID], *, by: Actor) -> list[Card]:
    """Cards in the order of the ids; one that has vanished meanwhile is left out."""
    wanted = list(algorithm_ids)
    rows = _visible_to(by).in_bulk(wanted)
    newest = _newest_versions(rows.values())
    measured = vitals.of(rows)
    return [
        Card(rows[pk], newest.get(pk), facts.of(rows[pk], newest.get(pk)), measured[pk])
        for pk in wanted
        if pk in rows
    ]


def algorithm_page(owner: str, name: str, number: str, *, by: Actor) -> AlgorithmPage:
    """The page, or NotFound to those who may not know of it."""
    algorithm = find(owner, name, by=by)
    callable_versions = algorithm.versions.select_related("build__environment").newest_first()
    if not may_call_unpublished(by, algorithm):
        callable_versions = callable_versions.ever_public()
    versions = list(callable_versions)
    version = _chosen(versions, number)
    return AlgorithmPage(
        algorithm=algorithm,
        version=version,
        versions=versions,
        facts=facts.of(algorithm, version),
        vitals=vitals.of([algorithm.pk])[algorithm.pk],
        may_edit=may_edit(by, algorithm),
        may_see_source=may_view_source(by, algorithm),
        tabs=tabs.of(algorithm, number, by),
    )


def _blank(schema: Mapping[str, Any]) -> dict[str, Any]:
    """An input of which only the defaults are known."""
    fields = schema.get("properties", {})
    return {name: one["default"] for name, one in fields.items() if "default" in one}


def indented(text: str) -> str:
    """JSON as people read it; other text as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def _chosen(versions: list[Version], number: str) -> Version | None:
    """The one asked for, else the newest public one that was not withdrawn, else the newest."""
    if number:
        wanted = SemVer.parse(number)
        for version in versions:
            if version.number == wanted:
                return version
        raise NotFound(_("There is no version %(number)s that you may see.") % {"number": number})
    offered = (version for version in versions if version.is_public and not version.is_yanked)
    return next(offered, next(iter(versions), None))


def _visible_to(actor: Actor) -> QuerySet[Algorithm]:
    rows = Algorithm.objects.visible_to(actor)
    return rows.select_related("owner__user", "owner__organization", "environment")


def _newest_versions(algorithms: Iterable[Algorithm]) -> dict[UUID, Version]:
    rows = Version.objects.filter(algorithm__in=list(algorithms)).public()
    oldest_first = rows.order_by("major", "minor", "revision")
    return {version.algorithm_id: version for version in oldest_first}
